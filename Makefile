# Everything that is done with this repository. `make demo` and `make test` do all their own set-up.

SWIFT := swift
# One debug build serves both the demo and the tests. Libraries in C are optimised in it: that hides no bug of ours, and
# signatures and hashes are a good part of what the tests do.
C_FLAGS := -Xcc -O1
DEBUG := --disable-xctest $(C_FLAGS)
RELEASE := -c release --disable-index-store
DEMO := .demo

.PHONY: all deps debug demo test check build bench bench-large fuzz simulate growth format lint docs proto clean

all: build

# Installs what Config/apt-packages.txt lists and is missing; without root it prints the command and stops.
deps:
	@missing=""; for package in $$(cat Config/apt-packages.txt); do \
		dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q "install ok installed" || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ]; then echo "missing:$$missing"; echo "run: sudo apt-get install -y$$missing"; exit 1; fi; \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing

debug: deps
	$(SWIFT) build --build-tests $(DEBUG)

# Five organisations on this machine, from the order to after-sales. ONCE=1 ends it, with status 0 only if all held.
demo: debug
	.build/debug/firmware-sim demo --directory $(DEMO) $(if $(ONCE),--once)

test: debug
	$(SWIFT) test --skip-build --no-parallel $(DEBUG)

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests Firmware-Sim Benchmarks Fuzz

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests Firmware-Sim Benchmarks Fuzz

# Public symbols and their links, for the layers that others build on.
docs: debug
	./Config/check-docs $(C_FLAGS)

check: lint test docs

build: deps
	$(SWIFT) build $(RELEASE) --product custody

bench: deps
	$(SWIFT) build $(RELEASE) --product custody
	$(SWIFT) build $(RELEASE) --product custody-bench
	.build/release/custody-bench --directory .build/bench --output .build/bench.json

# Stores of millions, by hand: half an hour. Kept with the machine and the commit.
bench-large: deps
	$(SWIFT) build $(RELEASE) --product custody
	$(SWIFT) build $(RELEASE) --product custody-bench
	.build/release/custody-bench --large --directory .build/bench \
		--output Benchmarks/Results/$$(date +%F)-$$(git rev-parse --short HEAD).json

# Hostile bytes into every parser, by hand: make fuzz MINUTES=60
MINUTES ?= 5
fuzz: deps
	$(SWIFT) build $(DEBUG) --product custody-fuzz
	.build/debug/custody-fuzz --minutes $(MINUTES) --seed $$(date +%s)

# Whole consortia on simulated clocks, networks and disks: make simulate SEED=42, make simulate RUNS=10000 IN=release
SEED ?= 1
RUNS ?= 1
IN ?= debug
BUILD_IN = -c $(IN) $(if $(filter release,$(IN)),--disable-index-store,$(DEBUG))
simulate: deps
	$(SWIFT) build $(BUILD_IN) --product custody-simulate
	.build/$(IN)/custody-simulate --seed $(SEED) --runs $(RUNS) $(if $(FAULT),--fault $(FAULT)) $(if $(LIE),--lie $(LIE)) \
		$(if $(TRACE),--trace)

# What gateways cost one another in fair weather: make growth GATEWAYS=100 SECONDS=120 IN=release
GATEWAYS ?= 10
SECONDS ?= 600
growth: deps
	$(SWIFT) build $(BUILD_IN) --product custody-simulate
	.build/$(IN)/custody-simulate --growth $(GATEWAYS) --seconds $(SECONDS)

# Generates the Swift of the durable formats again, after a change of a .proto file.
proto: deps
	$(SWIFT) build $(DEBUG) --product protoc-gen-swift
	PATH="$$PATH:.build/debug" protoc --proto_path=Sources/Ledger --swift_out=Sources/Ledger \
		--swift_opt=Visibility=Internal proof.proto
	PATH="$$PATH:.build/debug" protoc --proto_path=Sources/Ledger --swift_out=Tests/LedgerTests ledger.proto

clean:
	rm -rf .build $(DEMO)
