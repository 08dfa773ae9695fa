#!/bin/sh
# build.sh          builds the kernel images and their manifest into the resources (needs nvcc).
# build.sh --check  fails if the images are not those of these sources: by the manifest's hashes, and where
#                   nvcc of the manifest's release is on the PATH, by compiling the PTX again.
set -eu
cd "$(dirname "$0")/.."
images=src/main/resources/io/tangentflow/backend/cuda/kernels
manifest=$images/manifest.json
nvcc=${NVCC:-nvcc}
architectures="75 80 86 89 90 100 120"
# No contraction of a·b + c but where the source says fma: a number must not depend on which path it took.
flags="--std=c++17 -O3 --fmad=false"
# The lowest version that ptxas accepts of this text: drivers of CUDA 11 and later read it.
ptx_version=7.0

sources() { ls cuda-kernels/*.cu cuda-kernels/*.cuh | LC_ALL=C sort; }
hash_of() { sha256sum "$1" | cut -d' ' -f1; }
release() { "$nvcc" --version | sed -n 's/^Cuda compilation tools, release .*, V//p'; }

# One compilation unit of all kernels, by relative paths, so that the same sources give the same bytes.
unit() {
  sources | grep '\.cu$' | sed 's/.*/#include "&"/' >"$1"
}

ptx() { # directory
  unit "$1/kernels.cu"
  # shellcheck disable=SC2086 # flags are words
  "$nvcc" $flags -ptx -arch=compute_75 -I. -o "$1/full.ptx" "$1/kernels.cu"
  # Comments name the compiler's build and temporary files; the file table names the unit.
  sed -e "s/^\.version .*/.version $ptx_version/" -e '/^\/\//d' -e '/^[[:space:]]*\.file/d' \
    "$1/full.ptx" >"$1/kernels.ptx"
  ptxas -arch=sm_75 "$1/kernels.ptx" -o /dev/null
}

field() { sed -n "s|^ *\"$1\": *\"\(.*\)\".*|\1|p" "$manifest" | head -n 1; }

drift() {
  echo "cuda-kernels: $1; run cuda-kernels/build.sh, with nvcc, and commit $images" >&2
  exit 1
}

check() {
  [ -f "$manifest" ] || drift "there is no manifest"
  for image in kernels.fatbin kernels.ptx; do
    [ "$(field "$image")" = "$(hash_of "$images/$image")" ] || drift "$image is not the manifest's"
  done
  for source in $(sources); do
    [ "$(field "$source")" = "$(hash_of "$source")" ] || drift "$source has changed since the images were built"
  done
  [ "$(sources | wc -l)" = "$(grep -c '"cuda-kernels/' "$manifest")" ] || drift "a source was removed"
  if ! command -v "$nvcc" >/dev/null 2>&1; then
    echo "cuda-kernels: no nvcc, so the images were checked by their sources' hashes only"
  elif [ "$(release)" != "$(field nvcc)" ]; then
    echo "cuda-kernels: nvcc is $(release), not the manifest's $(field nvcc): images checked by hash only"
  else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    ptx "$work"
    cmp -s "$work/kernels.ptx" "$images/kernels.ptx" || drift "kernels.ptx is not what nvcc makes of the sources"
  fi
}

build() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$images"
  ptx "$work"
  code=""
  for a in $architectures; do code="$code -gencode arch=compute_$a,code=sm_$a"; done
  # shellcheck disable=SC2086
  "$nvcc" $flags -fatbin -t 0 --compress-mode=size -Xptxas -v $code -I. -o "$work/kernels.fatbin" \
    "$work/kernels.cu" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  # Stacks are allowed where the library's sine reduces huge arguments; nothing may spill.
  sed -n "/Function properties for/{s/.*for //;h;n;G;s/\\n/ /;p}" "$work/log" |
    grep -E '[1-9][0-9]* bytes (spill|stack)' |
    grep -vE '^ *[0-9]+ bytes stack frame, 0 bytes spill stores, 0 bytes spill loads [a-z]*_sine_f(32|64)$' \
      >"$work/spills" || true
  if [ -s "$work/spills" ]; then
    echo "cuda-kernels: registers spill, or a kernel needs a stack:" >&2
    cat "$work/spills" >&2
    exit 1
  fi
  cp "$work/kernels.fatbin" "$work/kernels.ptx" "$images/"
  {
    echo '{'
    echo "  \"nvcc\": \"$(release)\","
    echo "  \"flags\": \"$flags\","
    echo "  \"architectures\": \"$architectures\","
    echo "  \"mostRegisters\": \"$(sed -n 's/.*Used \([0-9]*\) registers.*/\1/p' "$work/log" | sort -n | tail -n 1)\","
    echo "  \"spills\": \"0\","
    echo '  "images": {'
    echo "    \"kernels.fatbin\": \"$(hash_of "$images/kernels.fatbin")\","
    echo "    \"kernels.ptx\": \"$(hash_of "$images/kernels.ptx")\""
    echo '  },'
    echo '  "sources": {'
    sources | while read -r source; do
      echo "    \"$source\": \"$(hash_of "$source")\","
    done | sed '$ s/,$//'
    echo '  }'
    echo '}'
  } >"$manifest"
  cp "$work/log" "${TF_KERNEL_LOG:-/dev/null}"
  ls -l "$images"
}

case "${1:-}" in
  --check) check ;;
  "") build ;;
  *) sed -n '2,4p' "$0" >&2; exit 2 ;;
esac
