#!/bin/sh
# Makes the certificates of this folder anew. Valid from 2020, so that a clock that is late does not matter.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/config" <<END
[ca]
default_ca = here
[here]
new_certs_dir = $work
database = $work/index
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1,DNS:localhost
END
: > "$work/index"

request() { # NAME, KEY FILE
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2" -out "$work/$1.csr" -subj "/CN=kube-api-fake $1"
}
sign() { # NAME, EXTENSIONS, more
  name=$1 extensions=$2
  shift 2
  openssl ca -batch -notext -config "$work/config" -extensions "$extensions" -startdate 20200101000000Z -enddate 21200101000000Z \
    -in "$work/$name.csr" -out "$name.pem" "$@"
}

for name in ca other-ca; do
  request $name "$work/$name.key"
  sign $name authority -selfsign -keyfile "$work/$name.key"
done
request server server-key.pem
sign server server -cert ca.pem -keyfile "$work/ca.key"
