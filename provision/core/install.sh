#!/bin/sh
# Lets this machine's chrony take authenticated time from the box that made this bundle.
set -eu

usage() {
    cat << 'USAGE'
use: sh install.sh [--yes] [--offline] [--server NAME|IP] [--root DIR]
     sh install.sh --remove [--root DIR]

  --yes       do not ask: the fingerprint has been compared
  --offline   do not prove that the server answers before changing anything
  --server    another name or address of the box; its certificate must have it
  --root      a system that is not running, mounted at DIR
  --remove    take out what was installed from this bundle
USAGE
}

die() {
    echo "install.sh: $1" >&2
    exit "${2:-1}"
}

yes='' offline='' remove='' root='' server=''
while [ $# -gt 0 ]; do
    case $1 in
        --yes) yes=1 ;;
        --offline) offline=1 ;;
        --remove) remove=1 ;;
        --root | --server)
            [ $# -ge 2 ] || die "$1 needs a value" 2
            if [ "$1" = --root ]; then root=${2%/}; else server=$2; fi
            shift
            ;;
        --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done

here=$(cd "$(dirname "$0")" && pwd)
box=$(sed -n 's/^server \([^ ]*\) .*/\1/p' "$here/ntsbox.sources")
server=${server:-$box}
for name in "$box" "$server"; do
    case $name in
        '' | [.:-]* | *..* | *[!A-Za-z0-9.:-]*) die "'$name' is no name of a server" 2 ;;
    esac
done
[ "$(id -u)" = 0 ] || die "needs root" 77
umask 022

etc=$root/etc/chrony
trusted=$etc/nts/trusted/$box
conf=$etc/conf.d/ntsbox-$box.conf
sources=$etc/sources.d/ntsbox-$box.sources

restart() {
    if [ -n "$root" ] || [ ! -d /run/systemd/system ]; then return 0; fi
    # A restart, since chronyd reads a new ntstrustedcerts only then, and after a failed handshake waits 17 minutes and more.
    systemctl restart chrony.service
}

if [ -n "$remove" ]; then
    rm -f "$sources" "$conf"
    rm -rf "$trusted"
    restart
    echo "$box is no longer trusted"
    exit 0
fi

# Every certificate by itself; what is no certificate has no business here.
for file in "$here"/trusted/*.crt; do
    if [ -L "$file" ] || [ ! -f "$file" ]; then die "no certificate in the bundle"; fi
    if grep -q 'PRIVATE KEY' "$file"; then die "$file: holds a private key; do not use this bundle"; fi
    fingerprint=$(sed '/^-----/d' "$file" | base64 -d | sha256sum | cut -c 1-64 | tr a-f A-F | sed 's/../&:/g; s/:$//') ||
        die "$file: is no certificate"
    echo "certificate of $box, SHA-256 fingerprint:"
    echo "  $fingerprint"
    if command -v openssl > /dev/null; then
        openssl x509 -in "$file" -noout -dates | sed 's/^/  /'
    fi
done
if [ -z "$yes" ]; then
    printf 'Is this what the box shows (ntsbox-provision bundle)? [y/N] '
    read -r answer || answer=''
    case $answer in
        y | Y | yes) ;;
        *) die "nothing was changed" ;;
    esac
fi

# What this machine's chrony can do, and whether it will read what is installed.
command -v "$root/usr/sbin/chronyd" > /dev/null || die "chrony is not installed: apt-get install chrony" 6
reads() {
    grep -Eqi "^[[:space:]]*$1([[:space:]].*)?[[:space:]]/etc/chrony/$2/?([[:space:]]|\$)" "$etc/chrony.conf"
}
for pair in confdir:conf.d sourcedir:sources.d; do
    reads "${pair%:*}" "${pair#*:}" ||
        die "/etc/chrony/chrony.conf does not read /etc/chrony/${pair#*:}: add the line '${pair%:*} /etc/chrony/${pair#*:}'"
done

# The set of certificates that is for this server alone: the one it has, or the first that nobody uses.
certset=$(sed -n 's/^ntstrustedcerts \([0-9]*\) .*/\1/p' "$conf" 2> /dev/null | head -n 1)
used() {
    cat "$etc/chrony.conf" "$etc"/conf.d/*.conf "$etc"/sources.d/*.sources 2> /dev/null |
        grep -Eq "(ntstrustedcerts[[:space:]]+|certset[[:space:]]+)$1([[:space:]]|\$)"
}
if [ -z "$certset" ]; then
    certset=1
    while used "$certset"; do certset=$((certset + 1)); done
fi

# The certificates are copied beside their place first; chronyd may read them nowhere else (AppArmor).
mkdir -p "$etc/nts/trusted" "$etc/conf.d" "$etc/sources.d"
fresh=$etc/nts/trusted/.$box.new
rm -rf "$fresh"
trap 'rm -rf "$fresh"' EXIT
trap 'exit 130' INT TERM
mkdir "$fresh"
cp "$here"/trusted/*.crt "$fresh/"
chmod 0644 "$fresh"/*.crt

line="server $server iburst nts certset $certset minpoll 4 maxpoll 6 xleave"
if [ -z "$root$offline" ]; then
    echo "asking $server for authenticated time"
    [ -d /run/chrony ] || install -d -m 0700 -o _chrony -g _chrony /run/chrony
    if ! said=$(chronyd -Q -t 15 'port 0' 'cmdport 0' 'pidfile /run/chrony/ntsbox-proof.pid' \
        "$(grep '^nocerttimecheck 1$' "$here/ntsbox-trust.conf" || echo nocerttimecheck 0)" \
        "ntstrustedcerts $certset $fresh" "$line maxsamples 1" 2>&1); then
        printf '%s\n' "$said" >&2
        die "$server did not give authenticated time; nothing was changed (--offline installs without asking it)" 5
    fi
fi

put() {
    cat > "$1.new"
    mv -f "$1.new" "$1"
}

# New certificates come before the old ones go.
mkdir -p "$trusted"
for file in "$fresh"/*.crt; do mv -f "$file" "$trusted/"; done
{
    echo "ntstrustedcerts $certset /etc/chrony/nts/trusted/$box"
    grep '^nocerttimecheck 1$' "$here/ntsbox-trust.conf" || true
} | put "$conf"
echo "$line" | put "$sources"
for file in "$trusted"/*; do
    [ -f "$here/trusted/${file##*/}" ] || rm -f "$file"
done
restart
echo "$server is trusted now; look with: chronyc -N authdata"
[ -z "$root" ] || echo "nothing was asked or started: $root is not this machine"
