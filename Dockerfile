# dlint global ignore=DF503 each release is built anew, from the Python that has the latest security fixes
# dlint global ignore=DF110 the podman of Debian 12 builds this too, and does not know --link
ARG PYTHON=3.13-slim

FROM python:${PYTHON} AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/dlint
COPY release/requirements.txt release/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/dlint/bin/python install --require-hashes -r release/requirements.txt
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip pip --python /opt/dlint/bin/python install --no-deps .

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="dlint"
COPY --from=build /opt/dlint /opt/dlint
ENV PATH=/opt/dlint/bin:$PATH
WORKDIR /work
USER 65532:65532
HEALTHCHECK NONE
ENTRYPOINT ["dlint"]
