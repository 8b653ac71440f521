"""Which module stands in for which program."""

MODULES = {
    **dict.fromkeys("apt-get apt apt-cache dpkg apk dnf yum microdnf rpm zypper pacman".split(), "system"),
    **dict.fromkeys("pip pip3 python python3 uv".split(), "python"),
    **dict.fromkeys("npm npx yarn pnpm node tsc".split(), "javascript"),
    **dict.fromkeys("go cargo mvn java gcc cc make".split(), "compiled"),
    **dict.fromkeys("composer bundle gem php ruby".split(), "others"),
    **dict.fromkeys("curl wget git sudo useradd groupadd adduser addgroup gpg".split(), "helpers"),
}
