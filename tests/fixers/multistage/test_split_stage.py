"""Splits into a build stage and one that runs: what each language's build makes, what goes along, and when there is no split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerlint.fixers.edits import apply
from dockerlint.fixers.multistage import runtime_images
from dockerlint.fixers.multistage.split_stage import fix, plan
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue.base_images import lookup
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

ZONES = "COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/local/go/lib/time/zoneinfo.zip\n"
CERTIFICATES = "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt\n"
APT = "RUN apt-get update \\\n    && apt-get install -y --no-install-recommends {} \\\n    && rm -rf /var/lib/apt/lists/*\n"


def context(folder: Path, files: Mapping[str, str] | None) -> Context | None:
    if files is None:
        return None
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Context.of(folder)


def split(text: str, files: Context | None = None, chosen: Settings | None = None) -> str | Refusal:
    """The text with its stage split, or why it is not."""
    doc = parse(text)
    facts = Facts(doc, files, chosen)
    found = plan(facts, doc.stages[0])
    if isinstance(found, Refusal):
        return found
    made = fix(facts, found)
    assert isinstance(made, Fix)
    assert made.applicability is Applicability.UNSAFE
    fixed = apply(text, made.edits)
    _is_sound(text, fixed, files)
    return fixed


def _is_sound(text: str, fixed: str, files: Context | None) -> None:
    """What holds for each split: it parses, is not split again, adds no finding, and the container is configured as before."""
    old, new = parse(text), parse(fixed)
    assert not new.problems
    assert len(new.stages) == 2
    # the caches of a stage that does not ship need not be kept for the image: they can be mounted now; and the author's order of
    # the steps below the build is looked at anew when the build is not above them; of the final stage's image it may be known
    # which variables it sets, where it was not of the build's: one that nobody sets is seen then; and a stage named `dev` is no longer the last
    assert _codes(new, files) - _codes(old, files) <= {"DF102", "DF103", "DF401", "DF602"}
    assert "DF301" not in _codes(new, files)
    before, after = Facts(old, files).final(old.stages[0]), Facts(new, files).final(new.stages[1])
    assert (before.user, before.shell) == (after.user, after.shell)
    assert before.workdir in (after.workdir, None)
    names = {pair.key.text for node in old.stages[0].all(nodes.Env) for pair in node.pairs}
    assert {name: before.env[name] for name in names} == {name: after.env[name] for name in names}
    assert _configuration(old, 0) == _configuration(new, 1)


def _codes(doc: Dockerfile, files: Context | None) -> set[str]:
    found: list[Finding] = check(doc, Facts(doc, files), [rule for rule in rules() if rule.recommended])
    return {item.code for item in found}


def _configuration(doc: Dockerfile, stage: int) -> list[str]:
    kinds = (nodes.Expose, nodes.Volume, nodes.Stopsignal, nodes.Healthcheck, nodes.CommandInstruction, nodes.Label)
    return [doc.source(node.span) for node in doc.stages[stage].instructions if isinstance(node, kinds)]


def final(text: str) -> str:
    """The final stage."""
    return text[text.lower().index("\nfrom ") + 1 :]


SPLITS: list[tuple[str, str, dict[str, str] | None, str]] = [
    # ---- go: a static program runs as its user on an image with nothing else in it
    (
        "go-static",
        'FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /app .\nUSER 1000\nCMD ["/app"]\n',
        None,
        'FROM gcr.io/distroless/static-debian12:nonroot\nWORKDIR /src\nCOPY --from=build /app /app\nUSER 1000\nCMD ["/app"]\n',
    ),
    (
        "go-static-as-root",
        'FROM golang:1.22\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nCMD ["/app"]\n',
        None,
        f'FROM alpine:3\nENV CGO_ENABLED=0\nWORKDIR /src\nCOPY --from=build /app /app\n{ZONES}CMD ["/app"]\n',
    ),
    (
        "go-static-by-the-linker",
        'FROM golang:1.22\nCOPY . /src\nWORKDIR /src\nRUN go build -ldflags "-linkmode external -extldflags -static" -o /app .\nUSER 7\nCMD ["/app"]\n',
        None,
        'FROM gcr.io/distroless/static-debian12:nonroot\nWORKDIR /src\nCOPY --from=build /app /app\nUSER 7\nCMD ["/app"]\n',
    ),
    (
        "go-dynamic-of-a-known-release",
        'FROM golang:1.22-bookworm\nWORKDIR /src\nCOPY . .\nRUN go build -o app .\nCMD ["./app"]\n',
        None,
        f'FROM debian:bookworm-slim\nWORKDIR /src\nCOPY --from=build /src/app /src/app\n{ZONES}{CERTIFICATES}CMD ["./app"]\n',
    ),
    (
        "go-dynamic-of-any-release",
        'FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o app .\nCMD ["./app"]\n',
        None,
        f'FROM debian:stable-slim\nWORKDIR /src\nCOPY --from=build /src/app /src/app\n{ZONES}{CERTIFICATES}CMD ["./app"]\n',
    ),
    (
        "go-on-alpine",
        'FROM golang:1.22-alpine3.20\nRUN apk add --no-cache git tzdata\nWORKDIR /src\nCOPY . .\nRUN go build -o app .\nCMD ./app -p $PORT\n',
        None,
        "FROM alpine:3.20\nRUN apk add --no-cache tzdata\nWORKDIR /src\nCOPY --from=build /src/app /src/app\nCMD ./app -p $PORT\n",
    ),
    (
        "go-static-on-alpine",
        'FROM golang:1.22-alpine3.20\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o app .\nCMD ["./app"]\n',
        None,
        f'FROM alpine:3.20\nWORKDIR /src\nCOPY --from=build /src/app /src/app\n{ZONES}CMD ["./app"]\n',
    ),
    (
        "go-static-in-a-shell",
        "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o app .\nUSER 5\nCMD ./app $OPTIONS\n",
        None,
        f"FROM debian:stable-slim\nWORKDIR /src\nCOPY --from=build /src/app /src/app\n{ZONES}{CERTIFICATES}USER 5\nCMD ./app $OPTIONS\n",
    ),
    (
        "go-install-is-found-on-path",
        'FROM golang:1.22\nWORKDIR $GOPATH/src/example.org/hello\nCOPY . .\nRUN go install ./...\nENTRYPOINT ["hello"]\n',
        {"go.mod": "module example.org/hello/v2\n", "main.go": "package main\n"},
        ("FROM debian:stable-slim\nENV GOPATH=/go\nWORKDIR $GOPATH/src/example.org/hello\nCOPY --from=build /go/bin/hello /usr/local/bin/hello\n"
        f'{ZONES}{CERTIFICATES}ENTRYPOINT ["hello"]\n'),
    ),
    (
        "go-moved-afterwards",
        'FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build ./cmd/server\nRUN mv server /usr/bin/\nCMD ["server"]\n',
        None,
        f'FROM debian:stable-slim\nWORKDIR /src\nCOPY --from=build /usr/bin/server /usr/bin/server\n{ZONES}{CERTIFICATES}CMD ["server"]\n',
    ),
    (
        "go-no-workdir",
        'FROM golang:1.22\nCOPY . /src\nRUN cd /src && go build -o /app\nCMD ["/app"]\n',
        None,
        f'FROM debian:stable-slim\nCOPY --from=build /app /app\n{ZONES}{CERTIFICATES}WORKDIR /go\nCMD ["/app"]\n',
    ),
    # ---- what goes along
    (
        "all-that-is-configured",
        ("FROM golang:1.22-bookworm\n# who\nLABEL a=b\nEXPOSE 80\nENV X=1 Y=2\nARG V=1\nARG OTHER\nVOLUME /data\nSTOPSIGNAL SIGINT\nWORKDIR /x\nWORKDIR /src\n"
        "COPY . .\nRUN groupadd app && useradd -g app app\nRUN CGO_ENABLED=0 go build -ldflags \"-X main.v=$V\" -o app .\nLABEL v=$V\n"
        "HEALTHCHECK --interval=5s CMD curl -f http://localhost || exit 1\nUSER app\nENTRYPOINT [\"./app\"]\nCMD [\"-v\"]\n"),
        None,
        "FROM debian:bookworm-slim\n" + APT.format("ca-certificates curl") + "# who\nLABEL a=b\nEXPOSE 80\nENV X=1 Y=2\nARG V=1\nVOLUME /data\nSTOPSIGNAL SIGINT\nWORKDIR /src\n"
        f"RUN groupadd app && useradd -g app app\nCOPY --from=build /src/app /src/app\n{ZONES}LABEL v=$V\n"
        "HEALTHCHECK --interval=5s CMD curl -f http://localhost || exit 1\nUSER app\nENTRYPOINT [\"./app\"]\nCMD [\"-v\"]\n",
    ),
    (
        "data-that-is-copied-by-itself",
        ("FROM golang:1.22\nWORKDIR /src\nCOPY nginx.conf /etc/app/\nCOPY go.mod go.sum ./\nCOPY templates ./templates\nCOPY cmd ./cmd\nRUN go build -o app ./cmd\n"
        'COPY seed.json ./\nCMD ["./app"]\n'),
        None,
        ("FROM debian:stable-slim\nWORKDIR /src\nCOPY nginx.conf /etc/app/\nCOPY templates ./templates\nCOPY --from=build /src/app /src/app\n"
        f'{ZONES}{CERTIFICATES}COPY seed.json ./\nCMD ["./app"]\n'),
    ),
    (
        "files-of-another-image",
        'FROM golang:1.22\nWORKDIR /src\nCOPY . .\nCOPY --from=example.org/pages:1 /dist ./dist\nRUN go build -o app\nCMD ["./app"]\n',
        None,
        (
            "FROM debian:stable-slim\nWORKDIR /src\nCOPY --from=example.org/pages:1 /dist ./dist\nCOPY --from=build /src/app /src/app\n"
            f'{ZONES}{CERTIFICATES}CMD ["./app"]\n'
        ),
    ),
    (
        "data-that-the-source-names",
        'FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o app ./cmd\nCMD ["./app", "--config=app.toml"]\n',
        {"cmd/main.go": 'template.ParseGlob("templates/*.html")', "templates/a.html": "", "app.toml": "", "docs/a.txt": "", "README.md": ""},
        ("FROM debian:stable-slim\nWORKDIR /src\nCOPY --from=build /src/app /src/app\nCOPY --from=build /src/app.toml /src/app.toml\n"
        f'COPY --from=build /src/templates /src/templates\n{ZONES}{CERTIFICATES}CMD ["./app", "--config=app.toml"]\n'),
    ),
    (
        "a-program-that-the-source-calls",
        'FROM golang:1.22-alpine\nRUN apk add git make graphviz\nWORKDIR /src\nCOPY . .\nRUN go build -o app .\nCMD ["./app"]\n',
        {"main.go": 'exec.Command("git", "log")'},
        f'FROM alpine:3\nRUN apk add --no-cache git graphviz\nWORKDIR /src\nCOPY --from=build /src/app /src/app\n{ZONES}CMD ["./app"]\n',
    ),
    (
        "a-file-that-the-build-leaves-elsewhere",
        'FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /app . && cp app.yml /etc/app.yml\nCMD ["/app"]\n',
        None,
        f'FROM debian:stable-slim\nWORKDIR /src\nCOPY --from=build /app /app\nCOPY --from=build /etc/app.yml /etc/app.yml\n{ZONES}{CERTIFICATES}CMD ["/app"]\n',
    ),
    (
        "an-init",
        'FROM golang:1.22-bookworm\nRUN apt-get update && apt-get install -y --no-install-recommends tini\nWORKDIR /src\nCOPY . .\nRUN go build -o app .\nENTRYPOINT ["tini", "--", "./app"]\n',
        None,
        "FROM debian:bookworm-slim\n" + APT.format("tini ca-certificates") + f'WORKDIR /src\nCOPY --from=build /src/app /src/app\n{ZONES}ENTRYPOINT ["tini", "--", "./app"]\n',
    ),
    (
        "packages-with-what-they-recommend",
        'FROM golang:1.22-bookworm\nRUN apt-get update && apt-get install -y ffmpeg git\nWORKDIR /src\nCOPY . .\nRUN go build -o app .\nENTRYPOINT ["./app"]\n',
        None,
        (
            "FROM debian:bookworm-slim\n"
            + APT.format("ffmpeg ca-certificates").replace("--no-install-recommends ", "")
            + f'WORKDIR /src\nCOPY --from=build /src/app /src/app\n{ZONES}ENTRYPOINT ["./app"]\n'
        ),
    ),
    (
        "carriage-returns-and-no-last-line-end",
        'FROM golang:1.22\r\nWORKDIR /src\r\nCOPY . .\r\nRUN CGO_ENABLED=0 go build -o app\r\nUSER 5\r\nCMD ["./app"]',
        None,
        'FROM gcr.io/distroless/static-debian12:nonroot\r\nWORKDIR /src\r\nCOPY --from=build /src/app /src/app\r\nUSER 5\r\nCMD ["./app"]',
    ),
    (
        "small-letters-a-name-a-platform",
        "from --platform=linux/amd64 golang:1.22 as dev\nworkdir /src\ncopy . .\nexpose 80\ncmd ./app\nrun go build -o app",
        None,
        "from --platform=linux/amd64 debian:stable-slim\nworkdir /src\nexpose 80\ncmd ./app\n" + (f"copy --from=build /src/app /src/app\n{ZONES}{CERTIFICATES}").replace("=build", "=dev").replace("COPY", "copy").rstrip("\n"),
    ),
    # ---- rust
    (
        "rust-build",
        'FROM rust:1.80-bookworm\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\nCMD ["./target/release/app"]\n',
        None,
        f'FROM debian:bookworm-slim\nWORKDIR /src\nCOPY --from=build /src/target/release/app /src/target/release/app\n{CERTIFICATES}CMD ["./target/release/app"]\n',
    ),
    (
        "rust-install",
        'FROM rust:1.80\nWORKDIR /src\nCOPY . .\nRUN cargo install --path .\nCMD ["app"]\n',
        {"Cargo.toml": '[package]\nname = "app"\n'},
        f'FROM debian:stable-slim\nWORKDIR /src\nCOPY --from=build /usr/local/cargo/bin/app /usr/local/bin/app\n{CERTIFICATES}CMD ["app"]\n',
    ),
    (
        "rust-library",
        'FROM rust:1.80-slim-bookworm\nRUN apt-get update && apt-get install -y pkg-config libssl-dev\nWORKDIR /src\nCOPY . .\nRUN cargo build -r && cp target/release/app /app\nCMD ["/app"]\n',
        None,
        "FROM debian:bookworm-slim\n" + APT.format("ca-certificates libssl3") + 'WORKDIR /src\nCOPY --from=build /app /app\nCMD ["/app"]\n',
    ),
    (
        "rust-copied-from-a-mount",
        'FROM rust:1.80\nWORKDIR /src\nCOPY . .\nRUN --mount=type=cache,target=/src/target cargo build -r && cp target/release/app /app\nCMD ["/app"]\n',
        None,
        f'FROM debian:stable-slim\nWORKDIR /src\nCOPY --from=build /app /app\n{CERTIFICATES}CMD ["/app"]\n',
    ),
    (
        "rust-musl",
        ("FROM rust:1.80\nRUN rustup target add x86_64-unknown-linux-musl\nWORKDIR /src\nCOPY . .\nENV CARGO_TARGET_DIR=/out\n"
        'RUN cargo build --profile dist --target x86_64-unknown-linux-musl\nUSER 9\nCMD ["/out/x86_64-unknown-linux-musl/dist/app"]\n'),
        None,
        ("FROM gcr.io/distroless/static-debian12:nonroot\nWORKDIR /src\nENV CARGO_TARGET_DIR=/out\n"
        "COPY --from=build /out/x86_64-unknown-linux-musl/dist/app /out/x86_64-unknown-linux-musl/dist/app\n"
        'USER 9\nCMD ["/out/x86_64-unknown-linux-musl/dist/app"]\n'),
    ),
    # ---- C
    (
        "c-compiler",
        'FROM gcc:13-bookworm\nCOPY main.c /src/\nWORKDIR /src\nRUN gcc -O2 -o hello main.c\nCMD ["./hello"]\n',
        None,
        f'FROM debian:bookworm-slim\nWORKDIR /src\nCOPY --from=build /src/hello /src/hello\n{CERTIFICATES}CMD ["./hello"]\n',
    ),
    (
        "c-make",
        'FROM debian:bookworm\nRUN apt-get update && apt-get install -y make gcc libcurl4-openssl-dev\nWORKDIR /src\nCOPY . .\nRUN make\nCMD ["./bin/hello"]\n',
        {"Makefile": "OUT := bin\nall: $(OUT)/hello\n$(OUT)/hello: main.o\n\tcc -o $@ $^\n", "main.c": ""},
        "FROM debian:bookworm-slim\n" + APT.format("libcurl4") + 'WORKDIR /src\nCOPY --from=build /src/bin/hello /src/bin/hello\nCMD ["./bin/hello"]\n',
    ),
    (
        "c-with-caches-mounted",
        (
            "FROM debian:bookworm\nRUN --mount=type=cache,target=/var/lib/apt --mount=type=cache,target=/var/cache/apt rm -f /etc/apt/apt.conf.d/docker-clean && "
            "echo 'Binary::apt::APT::Keep-Downloaded-Packages \"true\";' > /etc/apt/apt.conf.d/keep-cache && apt-get update && apt-get install -y gcc\n"
            'WORKDIR /src\nCOPY . .\nRUN gcc -o hello main.c\nCMD ["./hello"]\n'
        ),
        None,
        'FROM debian:bookworm-slim\nWORKDIR /src\nCOPY --from=build /src/hello /src/hello\nCMD ["./hello"]\n',
    ),
    (
        "c-cmake",
        'FROM alpine:3.20\nRUN apk add --no-cache g++ cmake make\nWORKDIR /src\nCOPY . .\nRUN cmake -B build && cmake --build build\nCMD ["build/hello"]\n',
        {"CMakeLists.txt": "", "main.cc": ""},
        'FROM alpine:3.20\nRUN apk add --no-cache libstdc++\nWORKDIR /src\nCOPY --from=build /src/build/hello /src/build/hello\nCMD ["build/hello"]\n',
    ),
    (
        "c-make-install",
        'FROM debian:bookworm\nRUN apt-get update && apt-get install -y build-essential\nWORKDIR /src\nCOPY . .\nUSER root\nRUN ./configure && make && make install\nUSER nobody\nCMD ["hello"]\n',
        None,
        'FROM debian:bookworm-slim\nWORKDIR /src\nCOPY --from=build /usr/local /usr/local\nRUN ldconfig\nUSER root\nUSER nobody\nCMD ["hello"]\n',
    ),
    (
        "c-static",
        'FROM gcc:13\nWORKDIR /src\nCOPY . .\nRUN g++ -static *.cc -o /hello\nUSER 3\nCMD ["/hello"]\n',
        None,
        'FROM gcr.io/distroless/static-debian12:nonroot\nWORKDIR /src\nCOPY --from=build /hello /hello\nUSER 3\nCMD ["/hello"]\n',
    ),
    # ---- java
    (
        "java-maven",
        ('FROM maven:3.9-eclipse-temurin-21\nWORKDIR /app\nCOPY pom.xml .\nRUN mvn dependency:go-offline\nCOPY src src\nRUN mvn -q clean package\nEXPOSE 8080\n'
        'ENTRYPOINT ["java", "-jar", "target/app-1.0.jar"]\n'),
        {"pom.xml": "<project/>", "src/A.java": ""},
        ('FROM eclipse-temurin:21-jre\nWORKDIR /app\nCOPY --from=build /app/target/app-1.0.jar /app/target/app-1.0.jar\nEXPOSE 8080\n'
        'ENTRYPOINT ["java", "-jar", "target/app-1.0.jar"]\n'),
    ),
    (
        "java-wrapper-and-a-pattern",
        "FROM eclipse-temurin:17-jdk-alpine\nWORKDIR /app\nCOPY . .\nRUN ./mvnw package\nCMD java -jar target/*.jar\n",
        {"pom.xml": "<dependency><artifactId>a</artifactId></dependency> spring-boot-maven-plugin", "mvnw": ""},
        "FROM eclipse-temurin:17-jre-alpine\nWORKDIR /app\nCOPY --from=build /app/target/*.jar /app/target/\nCMD java -jar target/*.jar\n",
    ),
    (
        "java-gradle",
        'FROM gradle:8-jdk17\nWORKDIR /home/gradle/src\nCOPY --chown=gradle . .\nRUN gradle :web:bootJar --no-daemon\nRUN cp web/build/libs/*.jar /app.jar\nENTRYPOINT ["java", "-jar", "/app.jar"]\n',
        {"build.gradle": "", "web/build.gradle": "id 'org.springframework.boot'\nimplementation 'a:b:1'\n"},
        'FROM eclipse-temurin:17-jre\nWORKDIR /home/gradle/src\nCOPY --from=build /app.jar /app.jar\nENTRYPOINT ["java", "-jar", "/app.jar"]\n',
    ),
    (
        "java-old",
        'FROM maven:3-jdk-8-slim\nCOPY . /app\nWORKDIR /app\nRUN mvn package\nCMD ["java", "-cp", "target/a.jar", "Main"]\n',
        {"pom.xml": "<dependency><scope>test</scope></dependency>"},
        'FROM openjdk:8-jre-slim\nWORKDIR /app\nCOPY --from=build /app/target/a.jar /app/target/a.jar\nCMD ["java", "-cp", "target/a.jar", "Main"]\n',
    ),
    # ---- .NET
    (
        "dotnet-web",
        'FROM mcr.microsoft.com/dotnet/sdk:8.0\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -c Release -o /app\nWORKDIR /app\nUSER app\nENTRYPOINT ["dotnet", "web.dll"]\n',
        {"web.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"><TargetFramework>net8.0</TargetFramework>'},
        'FROM mcr.microsoft.com/dotnet/aspnet:8.0\nWORKDIR /src\nCOPY --from=build /app /app\nENV ASPNETCORE_HTTP_PORTS=\nWORKDIR /app\nUSER app\nENTRYPOINT ["dotnet", "web.dll"]\n',
    ),
    (
        "dotnet-web-with-its-own-port",
        'FROM mcr.microsoft.com/dotnet/sdk:6.0\nENV ASPNETCORE_URLS=http://+:80\nWORKDIR /src\nCOPY . .\nRUN dotnet publish web/web.csproj -o out\nCMD ["dotnet", "out/web.dll"]\n',
        {"web/web.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"><TargetFramework>net6.0</TargetFramework>'},
        'FROM mcr.microsoft.com/dotnet/aspnet:6.0\nENV ASPNETCORE_URLS=http://+:80\nWORKDIR /src\nCOPY --from=build /src/out /src/out\nCMD ["dotnet", "out/web.dll"]\n',
    ),
    (
        "dotnet-console",
        'FROM mcr.microsoft.com/dotnet/sdk:8.0.404-bookworm-slim\nWORKDIR /src\nCOPY . .\nRUN dotnet publish\nENTRYPOINT ["dotnet", "bin/Release/net8.0/publish/a.dll"]\n',
        {"a.csproj": '<Project Sdk="Microsoft.NET.Sdk"><TargetFramework>net8.0</TargetFramework>'},
        ("FROM mcr.microsoft.com/dotnet/runtime:8.0-bookworm-slim\nWORKDIR /src\n"
        'COPY --from=build /src/bin/Release/net8.0/publish /src/bin/Release/net8.0/publish\nENTRYPOINT ["dotnet", "bin/Release/net8.0/publish/a.dll"]\n'),
    ),
    (
        "dotnet-user",
        'FROM mcr.microsoft.com/dotnet/sdk:8.0\nRUN groupadd web && useradd -g web web\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -o /app\nUSER web\nENTRYPOINT ["/app/a"]\n',
        {"a.csproj": '<Project Sdk="Microsoft.NET.Sdk"><TargetFramework>net8.0</TargetFramework>'},
        'FROM mcr.microsoft.com/dotnet/runtime:8.0\nRUN groupadd web && useradd -g web web\nWORKDIR /src\nCOPY --from=build /app /app\nUSER web\nENTRYPOINT ["/app/a"]\n',
    ),
    (
        "dotnet-alpine",
        'FROM mcr.microsoft.com/dotnet/sdk:8.0-alpine\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -o /app\nENTRYPOINT ["/app/a"]\n',
        {"a.csproj": '<Project Sdk="Microsoft.NET.Sdk"><TargetFramework>net8.0</TargetFramework>'},
        ("FROM mcr.microsoft.com/dotnet/runtime:8.0-alpine\nRUN apk add --no-cache icu-data-full icu-libs\nWORKDIR /src\nCOPY --from=build /app /app\n"
        'ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=false\nENTRYPOINT ["/app/a"]\n'),
    ),
]


@pytest.mark.parametrize(("text", "files", "expected"), [item[1:] for item in SPLITS], ids=[item[0] for item in SPLITS])
def test_split(text: str, files: dict[str, str] | None, expected: str, tmp_path: Path) -> None:
    result = split(text, context(tmp_path, files))
    assert not isinstance(result, Refusal), result.reason
    assert final(result.replace("\r\n", "\n")) == expected.replace("\r\n", "\n")
    assert ("\r\n" in text) == ("\r\n" in result)
    assert "\n" not in result.replace("\r\n", "") if "\r\n" in text else True


REFUSALS: list[tuple[str, str, dict[str, str] | None, str]] = [
    # ---- go
    ("go-run", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build ./...\nCMD ["go", "run", "."]\n', None, "`go run` builds when the container starts"),
    ("go-name", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build\nCMD ["./s"]\n', None, "only go.mod says"),
    ("go-elsewhere", 'FROM debian:12\nRUN apt-get install -y golang\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "debian:12 as an image to build Go in"),
    ("go-library", 'FROM golang:1.22\nRUN apt-get install -y libvips-dev\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "which library libvips-dev belongs to"),
    ("go-tool", 'FROM golang:1.22\nRUN go install github.com/air-verse/air@v1\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["air"]\n', None, "does not see the build create what `air` runs"),
    ("go-tool-alone", 'FROM golang:1.22\nRUN go install github.com/air-verse/air\nCMD ["air"]\n', None, "dlint does not know what the build creates"),
    ("go-several", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build ./a ./b\nCMD ["./a"]\n', None, "keeps no program"),
    ("go-mounted", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN --mount=type=cache,target=/s/bin go build -o bin/a\nCMD ["bin/a"]\n', None, "is on a mount"),
    ("library-of-a-release", 'FROM golang:1.22\nRUN apt-get install -y libvips42\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "does not say which release it is, for libvips42"),
    ("version-of-a-package", 'FROM golang:1.22\nRUN apt-get install -y ffmpeg=7:5.1\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "does not say which release it is, for ffmpeg=7:5.1"),
    # ---- what runs
    ("a-script", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nENTRYPOINT ["./entrypoint.sh"]\nCMD ["./a"]\n', None, "does not see the build create what `./entrypoint.sh ./a` runs"),
    ("several-commands", "FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ./migrate && ./a\n", None, "CMD is a script of several commands"),
    ("shell-and-script", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["sh", "run.sh"]\n', None, "cannot tell what sh run.sh calls"),
    ("no-file-known", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a", "-c", "conf/a.yml"]\n', None, "without the build context"),
    ("unknown-check", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nHEALTHCHECK CMD grpc_probe x\nCMD ["./a"]\n', None, "which package has `grpc_probe`"),
    # ---- the steps above the build
    ("download", 'FROM golang:1.22\nRUN wget -O /data/geo.db https://x.org/geo.db\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "writes files that a program may read"),
    ("redirect", 'FROM golang:1.22\nRUN echo x > /etc/app\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "writes files that a program may read"),
    ("another-repository", 'FROM golang:1.22\nRUN echo deb x > /etc/apt/sources.list.d/x.list\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "writes files that a program may read"),
    ("unknown-command", 'FROM golang:1.22\nRUN pip install x\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "dlint cannot tell what `pip` makes"),
    ("a-loop", 'FROM golang:1.22\nRUN for i in a b; do touch /$i; done\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "is too complex a script"),
    ("mixed-step", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN mkdir /data && go build -o a\nCMD ["./a"]\n', None, "put it into a RUN of its own"),
    ("base-variable", 'FROM golang:1.22\nENV V=$GOLANG_VERSION\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "V is made from $GOLANG_VERSION"),
    ("unknown-user", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nUSER www-data\nCMD ["./a"]\n', None, "where the user www-data comes from"),
    ("unknown-owner", 'FROM golang:1.22\nWORKDIR /s\nCOPY go.* *.go ./\nRUN go build -o a\nCOPY --chown=app x.yml ./\nCMD ["./a"]\n', None, "where the user app comes from"),
    ("volume", 'FROM golang:1.22\nVOLUME /s\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nCMD ["./a"]\n', None, "holds what is built"),
    ("trigger", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nONBUILD RUN true\nCMD ["./a"]\n', None, "is for images made on this one"),
    ("owner-of-the-folder", 'FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN chown -R 5 /s\nRUN go build -o a\nCMD ["./a"]\n', None, "the folder that the program runs in"),
    ("unknown-place", 'FROM golang:1.22\nARG D\nWORKDIR /s\nCOPY . $D\nRUN go build -o a\nCMD ["./a"]\n', None, "dlint cannot tell where"),
    (
        "folder-of-the-system", 'FROM golang:1.22\nWORKDIR /\nCOPY . .\nRUN go build -o /app\nCMD ["/app"]\n', {"main.go": '"etc/a"', "etc/a": ""},
        "is also a system folder",
    ),
    # ---- the steps below it
    ("tool-below", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nRUN curl -o /x https://x.org\nCMD ["./a"]\n', None, "calls curl after the build"),
    ("file-below", 'FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build -o a\nRUN chmod +x /s/tool\nCMD ["./a"]\n', None, "changes /s/tool, which stays in the build stage"),
    # ---- rust
    ("rust-run", 'FROM rust:1.80\nCOPY . /s\nWORKDIR /s\nCMD ["cargo", "run"]\n', None, "`cargo run` builds when the container starts"),
    ("rust-library", 'FROM rust:1.80\nRUN apt-get install -y libpq-dev\nCOPY . /s\nWORKDIR /s\nRUN cargo build\nCMD ["target/debug/a"]\n', None, "which library libpq-dev belongs to"),
    ("rust-other-profile", 'FROM rust:1.80\nCOPY . /s\nWORKDIR /s\nRUN cargo build\nCMD ["target/release/a"]\n', None, "does not see the build create"),
    ("rust-tool", 'FROM rust:1.80\nRUN cargo install cargo-watch\nCMD ["cargo-watch"]\n', None, "dlint does not know what the build creates"),
    ("rust-install-name", 'FROM rust:1.80\nCOPY . /s\nWORKDIR /s\nRUN cargo install --path .\nCMD ["a"]\n', None, "which program `cargo install` makes"),
    # ---- C
    ("c-make", 'FROM gcc:13\nCOPY . /s\nWORKDIR /s\nRUN make\nCMD ["./a"]\n', None, "only the Makefile says"),
    ("c-plus-plus", 'FROM gcc:13\nCOPY . /s\nWORKDIR /s\nRUN g++ -o a a.cc\nCMD ["./a"]\n', None, "gcc:13 has its own C++ library"),
    ("c-library", 'FROM ubuntu:22.04\nRUN apt-get install -y gcc libpq-dev\nCOPY . /s\nWORKDIR /s\nRUN gcc -o a a.c -lpq\nCMD ["./a"]\n', None, "which library libpq-dev belongs to"),
    ("c-install", 'FROM debian:12\nRUN apt-get install -y gcc make\nCOPY . /s\nWORKDIR /s\nRUN ./configure --prefix=/usr && make install\nCMD ["a"]\n', None, "where the system's own files are"),
    ("c-other-target", 'FROM debian:12\nRUN apt-get install -y gcc make\nCOPY . /s\nWORKDIR /s\nRUN make\nCMD ["./b"]\n', {"Makefile": "a: a.o\n\tcc -o $@ a.o\n"}, "does not see the build create"),
    # ---- java
    ("java-version", 'FROM maven:3.9\nCOPY . /s\nWORKDIR /s\nRUN mvn package\nCMD ["java", "-jar", "target/a.jar"]\n', {"pom.xml": ""}, "dlint knows no JRE image"),
    ("java-manifest", 'FROM maven:3.9-eclipse-temurin-17\nCOPY . /s\nWORKDIR /s\nRUN mvn package\nCMD ["java", "-jar", "target/a.jar"]\n', None, "only pom.xml says"),
    (
        "java-dependencies", 'FROM maven:3.9-eclipse-temurin-17\nCOPY . /s\nWORKDIR /s\nRUN mvn package\nCMD ["java", "-jar", "target/a.jar"]\n',
        {"pom.xml": "<dependency><scope>compile</scope></dependency>"}, "dlint sees no plugin",
    ),
    (
        "java-beside", 'FROM maven:3.9-eclipse-temurin-17\nCOPY . /s\nWORKDIR /s\nRUN mvn package\nCMD ["java", "-jar", "target/a.jar"]\n',
        {"pom.xml": "<goal>copy-dependencies</goal>"}, "files beside it",
    ),
    ("java-task", 'FROM gradle:8-jdk17\nCOPY . /s\nWORKDIR /s\nRUN gradle build\nCMD ["gradle", "bootRun"]\n', {"build.gradle": ""}, "create what `gradle bootRun` runs"),
    # ---- .NET
    ("dotnet-project", 'FROM mcr.microsoft.com/dotnet/sdk:8.0\nCOPY . /s\nWORKDIR /s\nRUN dotnet publish -o /a\nCMD ["dotnet", "/a/a.dll"]\n', None, "only the project file says"),
    ("dotnet-build", 'FROM mcr.microsoft.com/dotnet/sdk:8.0\nCOPY . /s\nWORKDIR /s\nRUN dotnet build -o /a\nCMD ["dotnet", "/a/a.dll"]\n', None, "does not collect"),
    (
        "dotnet-version", 'FROM mcr.microsoft.com/dotnet/sdk:8.0\nCOPY . /s\nWORKDIR /s\nRUN dotnet publish -o /a\nCMD ["dotnet", "/a/a.dll"]\n',
        {"a.csproj": "<TargetFramework>net6.0</TargetFramework>"}, "does not name the .NET version of",
    ),
    (
        "dotnet-run", 'FROM mcr.microsoft.com/dotnet/sdk:8.0\nCOPY . /s\nWORKDIR /s\nRUN dotnet publish -o /a\nCMD ["dotnet", "run"]\n',
        {"a.csproj": "<TargetFramework>net8.0</TargetFramework>"}, "create what `dotnet run` runs",
    ),
    (
        "dotnet-variant", 'FROM mcr.microsoft.com/dotnet/sdk:8.0-cbl-mariner\nCOPY . /s\nWORKDIR /s\nRUN dotnet publish -o /a\nCMD ["dotnet", "/a/a.dll"]\n',
        {"a.csproj": "<TargetFramework>net8.0</TargetFramework>"}, "no runtime image",
    ),
]


@pytest.mark.parametrize(("text", "files", "reason"), [item[1:] for item in REFUSALS], ids=[item[0] for item in REFUSALS])
def test_no_split(text: str, files: dict[str, str] | None, reason: str, tmp_path: Path) -> None:
    result = split(text, context(tmp_path, files))
    assert isinstance(result, Refusal)
    assert reason in result.reason


def test_a_target_is_left_alone() -> None:
    result = split(SPLITS[0][1], chosen=Settings(target="build"))
    assert isinstance(result, Refusal)


def test_the_text_of_the_build_stays() -> None:
    text = "# top\nFROM golang:1.22\n\n# where\nWORKDIR /s\n\n# all\nCOPY . . \n\n# build\nRUN go build -o a\n\n\n# run\nCMD [\"./a\"]\n"
    result = split(text)
    assert isinstance(result, str)
    above, below = result.split("\nFROM debian")
    assert above == "# top\nFROM golang:1.22 AS build\n\n# where\nWORKDIR /s\n\n# all\nCOPY . . \n\n# build\nRUN go build -o a\n"
    assert below.endswith("\n# run\nCMD [\"./a\"]\n")


def findings(text: str) -> list[Finding]:
    doc = parse(text)
    return check(doc, Facts(doc), [rule for rule in rules() if rule.code == "DF301"])


def test_the_finding_says_why_there_is_no_fix() -> None:
    (found,) = findings('FROM golang:1.22\nCOPY . /s\nWORKDIR /s\nRUN go build\nCMD ["./s"]\n')
    assert found.fix is None
    assert found.message == (
        "`go build` builds in the image that ships: a build stage would keep its tools and sources out; "
        "no fix: only go.mod says how `go build` names its program, and it is not in the build context: use `-o`"
    )
    (found,) = findings(SPLITS[0][1])
    assert found.fix is not None
    assert "no fix" not in found.message


def test_the_fix_names_what_stays_behind() -> None:
    doc = parse(SPLITS[0][1])
    facts = Facts(doc)
    found = plan(facts, doc.stages[0])
    assert not isinstance(found, Refusal)
    made = fix(facts, found)
    assert isinstance(made, Fix)
    assert made.title == "build in a stage of its own and run in gcr.io/distroless/static-debian12:nonroot; left behind: `COPY . .`"


# ---------------------------------------------------------------- any file of a family

FAMILIES = {
    "go": ("golang:1.22", "golang:1.22-alpine3.20", "golang:1.22-bookworm"),
    "rust": ("rust:1.80", "rust:1.80-slim-bookworm", "rust:1.80-alpine"),
    "c": ("gcc:13", "debian:bookworm", "ubuntu:22.04", "alpine:3.20"),
    "java": ("maven:3.9-eclipse-temurin-17", "eclipse-temurin:21", "eclipse-temurin:17-jdk-alpine"),
    "dotnet": ("mcr.microsoft.com/dotnet/sdk:8.0", "mcr.microsoft.com/dotnet/sdk:8.0-alpine"),
}
BUILDS = {
    "go": (("go build -o /app .", "CGO_ENABLED=0 go build -o /app .", "go build && mv a /app"), ("/app",)),
    "rust": (("cargo build --release", "cargo build --release && cp target/release/a /usr/bin/a"), ("target/release/a",)),
    "c": (("gcc -o a a.c", "make a", "cmake -B a && cmake --build a"), ("./a", "a/a")),
    "java": (("mvn package", "./mvnw -q verify"), ("java|-jar|target/a.jar",)),
    "dotnet": (("dotnet publish -o out", "dotnet publish -c Release --output out a.csproj"), ("dotnet|out/a.dll",)),
}
FILES = {
    "go.mod": "module example.org/a\n", "a.go": 'package main\n// "data"\n', "data/x.txt": "", "Makefile": "a: a.o\n\tcc -o $@ a.o\n", "a.c": "", "Cargo.toml": "",
    "pom.xml": "", "a.csproj": '<Project Sdk="Microsoft.NET.Sdk.Web"><TargetFramework>net8.0</TargetFramework>',
}
# Instructions that may stand anywhere behind WORKDIR.
ANY = (
    "LABEL a=b", "EXPOSE 80 443", "ENV A=1", "ENV B=$A PATH=/x:$PATH", "ARG V=1", "LABEL v=$V", "VOLUME /data", "STOPSIGNAL SIGINT", "# a comment", "",
    "HEALTHCHECK CMD curl -f http://localhost || exit 1", "HEALTHCHECK NONE", "RUN groupadd app && useradd -g app app", "RUN addgroup app && adduser -D app", "USER app", "USER 5",
    "USER root", "WORKDIR sub", "WORKDIR /w", "RUN mkdir -p /data", "COPY conf/a.yml /etc/a.yml", "COPY a.yml config.yml", "MAINTAINER me", "RUN echo a \\\n  && echo b",
    "RUN apt-get update && apt-get install -y git tini libpq-dev", "RUN apk add git tini", 'SHELL ["/bin/sh", "-c"]', "RUN chmod +x /app", "RUN false | true",
)


@st.composite
def files_of_a_family(draw: st.DrawFn) -> str:
    family = draw(st.sampled_from(sorted(FAMILIES)))
    builds, programs = BUILDS[family]
    lines = [f"FROM {draw(st.sampled_from(FAMILIES[family]))}", "WORKDIR /src"]
    lines += draw(st.lists(st.sampled_from(ANY), max_size=4))
    lines += [draw(st.sampled_from(("COPY . .", "COPY . /src", "COPY a.* go.* ./", "ADD --chown=5 . ."))), "WORKDIR /src"]
    lines += draw(st.lists(st.sampled_from(ANY), max_size=3))
    lines += [f"RUN {draw(st.sampled_from(builds))}"]
    lines += draw(st.lists(st.sampled_from(ANY), max_size=4))
    words = draw(st.sampled_from(programs)).split("|")
    command = draw(st.sampled_from(("CMD {json}", "ENTRYPOINT {json}", "CMD {text}", 'ENTRYPOINT {json}\nCMD ["-v"]')))
    lines.append(command.format(json="[" + ", ".join(f'"{word}"' for word in words) + "]", text=" ".join(words)))
    text = draw(st.sampled_from(("\n", "\r\n"))).join("\n".join(lines).split("\n"))
    return text + draw(st.sampled_from(("", "\n")))


@given(text=files_of_a_family(), has_files=st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_split_is_sound(tmp_path_factory: pytest.TempPathFactory, text: str, has_files: bool) -> None:
    files = context(tmp_path_factory.mktemp("context"), FILES) if has_files else None
    if parse(text).problems:
        return
    # split() looks at what must hold
    split(text, files)


# ---------------------------------------------------------------- the table


def test_each_image_of_the_table_is_known() -> None:
    data = runtime_images.data()
    for row in data["builder"]:
        for repository in row["repositories"]:
            assert lookup(f"{repository}:latest"), repository
    for row in data["runtime"]:
        assert lookup(row["image"].replace("{java}", "17").replace("{net}", "8.0").replace("{rest}", "")), row


@pytest.mark.parametrize(
    ("family", "image", "runtime"),
    [
        ("java", "eclipse-temurin:17", "eclipse-temurin:17-jre"),
        ("java", "eclipse-temurin:17.0.9_9-jdk-jammy", "eclipse-temurin:17.0.9_9-jre-jammy"),
        ("java", "eclipse-temurin:8u392-b08-jdk-alpine", "eclipse-temurin:8u392-b08-jre-alpine"),
        ("java", "eclipse-temurin:17-jre", None),
        ("java", "eclipse-temurin:latest", None),
        ("java", "eclipse-temurin:17-jdk-windowsservercore", None),
        ("java", "maven:3.9.6-eclipse-temurin-21-alpine", "eclipse-temurin:21-jre-alpine"),
        ("java", "maven:3-openjdk-11-slim", "openjdk:11-jre-slim"),
        ("java", "maven:3-openjdk-17", None),
        ("java", "gradle:8.5-jdk21-jammy", "eclipse-temurin:21-jre-jammy"),
        ("java", "gradle:jdk17", "eclipse-temurin:17-jre"),
        ("java", "gradle:8", None),
        ("java", "openjdk:8-jdk-alpine", "openjdk:8-jre-alpine"),
        ("java", "openjdk:17", None),
        ("dotnet-web", "mcr.microsoft.com/dotnet/sdk:8.0.404", "mcr.microsoft.com/dotnet/aspnet:8.0"),
        ("dotnet", "mcr.microsoft.com/dotnet/sdk:6.0-alpine3.18", "mcr.microsoft.com/dotnet/runtime:6.0-alpine3.18"),
        ("dotnet", "mcr.microsoft.com/dotnet/sdk:latest", None),
        ("dotnet-web", "mcr.microsoft.com/dotnet/core/sdk:3.1", "mcr.microsoft.com/dotnet/core/aspnet:3.1"),
    ],
)
def test_runtime_of(family: str, image: str, runtime: str | None) -> None:
    found = runtime_images.of_language(family, image)
    assert (found.image if found else None) == runtime
