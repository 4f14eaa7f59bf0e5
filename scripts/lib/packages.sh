# packages.sh: the Debian packages Dogshore builds, runs and is tested with. Sourced.
# packages_install installs what is missing (needs root or sudo for that, and for nothing else).

DOGSHORE_BUILD_PACKAGES=(gcc cmake ninja-build pkg-config libmicrohttpd-dev libsqlite3-dev
    libcjson-dev libcurl4-openssl-dev libsodium-dev libcriterion-dev)
DOGSHORE_RUN_PACKAGES=(curl jq python3 procps)
DOGSHORE_CHECK_PACKAGES=(clang-format python3-yaml python3-jsonschema)

# Only unpacked, into build/tools: installed, it would start a service of its own on this machine.
DOGSHORE_CHECK_TOOLS=(prometheus)

packages_install() {
    local package missing=() sudo=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    echo "Installing Debian packages: ${missing[*]}"
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            echo "These packages are missing and this is not root: apt-get install ${missing[*]}" >&2
            return 1
        }
        sudo=(sudo)
    fi
    "${sudo[@]}" apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null
}

# packages_unpack FOLDER PACKAGE…: the files of these packages below FOLDER, without installing them.
packages_unpack() {
    local folder=$1 package
    shift
    for package in "$@"; do
        [[ ! -e $folder/$package.unpacked ]] || continue
        echo "Unpacking Debian package $package into $folder"
        mkdir -p "$folder"
        (cd "$folder" && apt-get download -qq -o APT::Sandbox::User="$(id -un)" "$package" && dpkg -x "$package"_*.deb . &&
            rm "$package"_*.deb && touch "$package.unpacked") || return 1
    done
}
