# The front door. `make` lists what there is; the scripts in tools/ hold the work behind each line.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 20
TIDY_FILES ?= /src/

.DEFAULT_GOAL := help
.PHONY: help setup setup-clang setup-aarch64 build page test demo peers peers-light bench bench-peers lint layers format tidy fuzz asan tsan clang same-files aarch64 aarch64-files aarch64-same-files clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# $(call compile,PRESET,TARGETS): Ninja itself configures again when CMake files or the list of sources change.
define compile
@mkdir -p build
@test -f build/$(1)/build.ninja || cmake --preset $(1) >build/$(1).log 2>&1 || { cat build/$(1).log; exit 1; }
@ninja -C build/$(1) -j $(JOBS) $(NINJA_FLAGS) $(2)
endef

setup: ## install the Debian packages the build needs (root or sudo)
	@tools/setup.sh build

setup-clang:
	@tools/setup.sh build clang

build: setup ## the release program, build/release/adze
	$(call compile,release)

page: setup ## install the web page's npm packages (again, where that failed before)
	@tools/web_packages.sh again

test: build peers-light ## every test: units, tools, comparisons with the peers that are there
	@python3 tools/run_tests.py --build build/release

demo: build ## fetch SmolLM2-135M, optimize it for this machine, ask it something
	@python3 tools/demo.py

peers-light:
	@tools/peers.sh light || echo "peers: not all installed; the tests that need them will skip"

peers: setup ## build the programs we compare with (llama.cpp's tools, MLX) into build/peers
	@tools/peers.sh heavy

bench: setup ## the micro benchmarks
	$(call compile,bench)
	@set -e; for program in build/bench/bench/*_bench; do $$program $(BENCH_FLAGS); done

bench-peers: build peers ## our speed against llama.cpp's, in turns; BENCH_FLAGS are those of bench/peers.py
	@python3 bench/peers.py $(BENCH_FLAGS)

layers: ## check that folders include only folders of a lower rank
	@python3 tools/check_layers.py

lint: setup-clang layers ## layers, budgets, formatting, ISA objects
	@python3 tools/lint.py
	@git ls-files -z '*.cpp' '*.h' | xargs -0 -r clang-format-19 --dry-run -Werror
	$(call compile,release)
	@python3 tools/check_isa_objects.py build/release

tidy: setup-clang ## clang-tidy over every file (slow)
	@mkdir -p build && cmake --preset clang >build/clang.log 2>&1 || { cat build/clang.log; exit 1; }
	@python3 tools/run_tidy.py --build build/clang -j $(JOBS) $(TIDY_FILES)

format: setup-clang ## format the C++ files in place
	@git ls-files -z --cached --others --exclude-standard '*.cpp' '*.h' | xargs -0 -r clang-format-19 -i

fuzz: setup-clang ## fuzz each target for FUZZ_SECONDS (default 20) under ASan and UBSan
	$(call compile,asan,fuzzers)
	@python3 tools/run_fuzz.py --build build/asan --seconds $(FUZZ_SECONDS) -j $(JOBS)

asan: setup-clang ## the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call compile,asan)
	@python3 tools/run_tests.py --build build/asan --programs-only

tsan: setup-clang ## the tests of the threaded modules under ThreadSanitizer
	$(call compile,tsan,threaded_tests)
	@python3 tools/run_tests.py --build build/tsan --programs-only --label threaded

clang: setup-clang ## build everything with clang 19, warnings as errors
	$(call compile,clang)

same-files: build clang ## quantized files are the same bytes: g++ and clang, every instruction set, any threads
	@python3 tests/processors/same_files.py build/release build/clang

setup-aarch64:
	@tools/setup.sh build aarch64
	@tools/aarch64_libraries.sh

aarch64: build setup-aarch64 ## build for 64-bit Arm, run what depends on the processor in qemu, compare results
	$(call compile,aarch64,portability_tests adze adze_logits)
	@python3 tools/run_tests.py --build build/aarch64 --programs-only --label portability
	@python3 tests/processors/same_results.py build/release build/aarch64
	@python3 tests/processors/same_files.py build/release build/aarch64

aarch64-files: build ## quantized files are the same bytes on 64-bit Arm, in qemu: a type of each family
	@if tools/setup.sh build aarch64 && tools/aarch64_libraries.sh; then $(MAKE) --no-print-directory aarch64-same-files; \
	else echo "skipped: the packages for 64-bit Arm are not to be had"; echo "0 passed, 0 failed, 1 skipped"; fi

aarch64-same-files:
	$(call compile,aarch64,adze)
	@python3 tests/processors/same_files.py --brief build/release build/aarch64

clean: ## remove the builds, keep the peers
	@rm -rf $(addprefix build/,release debug asan tsan clang bench aarch64 aarch64-libraries)
