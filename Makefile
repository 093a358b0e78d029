# `make help` lists the targets; docs/dev/testing.md says what each test target proves and how long it takes.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

preset ?= dev
jobs ?= $(shell nproc)
prefix ?= /usr/local
DEMO_SECONDS ?= 60
DAYS ?= 10000
DIR ?=
FUZZ_RUNS ?= 10000000
# The slowest first.
fuzz_targets := certificate event_log daemon_settings provision_settings bridge gpsd_line pulse_stream iso_time
# Root is asked for where it is needed, and not before.
sudo := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
python := python3 -B
# By this name, since make runs a line that has the other one even when it is asked to print commands only (make -n).
make := $(MAKE)

build_packages := g++ cmake ninja-build pkg-config libgps-dev pps-tools libcli11-dev libtomlplusplus-dev \
    libsimdjson-dev libssl-dev libfmt-dev libexpected-dev libgpiod-dev catch2 python3 python3-munkres python3-matplotlib iproute2 util-linux scdoc libdtl-dev libarchive-dev
test_packages := gnutls-bin libfaketime openssl strace patch shellcheck systemd systemd-container mmdebstrap zsh apparmor
check_packages := $(test_packages) clang-tidy clang-format clangd cppcheck clang libclang-rt-dev
vm_packages := qemu-system-x86 cpio xz-utils binutils
deb_packages := build-essential debhelper dh-apparmor
deb_check_packages := lintian blhc devscripts debootstrap autopkgtest piuparts systemd-container
pi_packages := qemu-system-arm qemu-utils device-tree-compiler dosfstools mtools cpio kmod xz-utils
fleet_packages := ansible-core ansible-lint yamllint python3-yaml openssh-client dpkg-dev
deb := build/deb
distribution := $(shell . /etc/os-release && echo $$VERSION_CODENAME)
deb_root := build/roots/$(distribution)
fleet_root := build/roots/fleet-$(distribution)
later_ansible := build/roots/ansible-trixie
sources = $(shell find . -path ./build -prune -o \( -name '*.h' -o -name '*.cc' \) -printf '%P\n' | sort)

.PHONY: $(shell sed -En 's/^([a-z-]+):.*/\1/p' Makefile)

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile
	echo "  variables: preset=dev|asan|tsan|release  jobs=$(jobs)  prefix=$(prefix)  DEMO_SECONDS=$(DEMO_SECONDS)  DAYS=$(DAYS)  FUZZ_RUNS=$(FUZZ_RUNS)"

# $(call install,PACKAGES): those that are missing, by apt.
define install
missing=
for package in $(1); do
    dpkg-query -W -f='$${Status}' $$package 2> /dev/null | grep -q 'ok installed$$' || missing+=" $$package"
done
if [ -n "$$missing" ]; then
    if [ "$$(id -u)" != 0 ] && [ -z "$(sudo)" ]; then
        echo "needs root: as root, apt-get install $$missing" >&2
        exit 77
    fi
    echo "installing: $$missing"
    export DEBIAN_FRONTEND=noninteractive
    $(sudo) apt-get -qq update
    $(sudo) apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install $$missing > /dev/null
fi
endef

deps: ## install the packages that building and the demo need
	@$(call install,$(build_packages))

test-deps: deps
	@$(call install,$(test_packages))

check-deps: deps
	@$(call install,$(check_packages))

deb-deps: deps
	@$(call install,$(deb_packages))

check-deb-deps: deb-deps
	@$(call install,$(deb_check_packages))

daemons: deps ## fetch gpsd and chrony from Debian, unpacked under build/
	@tests/rig/fetch_daemons build/daemons

gpsds: deps ## fetch the gpsd of Debian 12 and of Debian 13, unpacked under build/
	@tests/rig/fetch_gpsds build/gpsd

promtool: deps ## fetch promtool, which checks metrics and alert rules, unpacked under build/
	@tests/rig/fetch_promtool build/promtool

# An x86_64 PC under QEMU, made of Debian packages.
guest: daemons vm-deps ## make the virtual machine with a kernel PPS, under build/ (on x86_64)
	@[ $$(uname -m) != x86_64 ] || tests/vm/build_guest build/vm build/daemons

images: deps ## make the image trees on which provisioning is tested, under build/
	@tests/rig/fetch_images build/images

container: test-deps ## make the system that the tests boot in a container, under build/
	@tests/rig/fetch_container build/container $(filter %-dev,$(build_packages))

configure: deps
	@mkdir -p build
	cmake --preset $(preset) > build/configure-$(preset).log 2>&1 || { cat build/configure-$(preset).log >&2; exit 1; }

# $(call build,PRESET,TARGETS)
define build
$(MAKE) --no-print-directory configure preset=$(1)
cmake --build build/$(1) --parallel $(jobs) --target $(2)
endef

all: configure ## build everything (preset=dev)
	@cmake --build build/$(preset) --parallel $(jobs)

programs := ntsboxd ntsbox-sim ntsbox-pps ntsbox-provision ntsbox-status man
release: ## build what is installed
	@$(call build,release,$(programs))

install: ## install what `make release` built, under prefix (and DESTDIR)
	cmake --install build/release --prefix $(prefix)

# In a copy, since the packages are written beside the source tree. Without tests: `make check` has them.
deb: deb-deps ## build the Debian packages, under build/deb
	@rm -rf $(deb)
	mkdir -p $(deb)/source
	tar --exclude-vcs --exclude=./build -cf - . | tar -xf - -C $(deb)/source
	cd $(deb)/source
	DEB_BUILD_OPTIONS="nocheck parallel=$(jobs)" dpkg-buildpackage -us -uc --build=full > ../build.log 2>&1 ||
	    { tail -n 50 ../build.log >&2; exit 1; }
	cd ..
	rm -rf source
	ls *.deb

demo: release daemons ## run the whole chain on a simulated receiver
	@NTSBOX_BUILD=build/release $(python) sim/demo.py --seconds $(DEMO_SECONDS)

quick: deps daemons ## under a minute once built: the format, the unit tests, and one chain of real daemons
	@$(MAKE) --no-print-directory format-check
	$(call build,dev,all)
	tests/rig/indoors ctest --preset dev --tests-regex '^unit tests|^smoke: chain, Main'

# Prints what it cost at its end.
check: ## install what is needed, build, and pass every test that a change must pass
	@$(python) tests/check/check.py $(make)

check-fetch: check-deps daemons images promtool container

# One build with the address and undefined behaviour sanitizers, and the programs as they are installed for the tests that need those.
check-run: format-check
	@$(call build,asan,all)
	$(call build,release,$(programs) endurance bench_peers)
	tests/rig/indoors ctest --preset asan

check-seeds: ## the random tests of `make check`, each with all of its seeds instead of a tenth
	@$(call build,asan,all)
	$(call build,release,$(programs))
	NTSBOX_SEEDS=all tests/rig/indoors ctest --preset asan --tests-regex '^unit|^replay|hostile'

test: all daemons images promtool container ## build and test one preset (preset=dev)
	@tests/rig/indoors ctest --preset $(preset)

# ntsboxd is the only program with threads.
test-threads: test-deps daemons ## run ntsboxd among real daemons under the thread sanitizer
	@$(call build,tsan,ntsboxd ntsbox-sim)
	tests/rig/indoors ctest --preset tsan --label-regex smoke --label-exclude faults --exclude-regex demo

check-kill: test-deps release ## kill ntsbox-provision at every system call that writes (make check has a sample)
	@NTSBOX_KILL_POINTS=all NTSBOX_BUILD=build/release $(python) tests/provision/kill_test.py Killed Failing

# Besides the faults of `make check`. Each class has a machine of its own, and waits for most of its time.
cures := Booted Witnessed Certified Provisioned Unsteady
check-cures: test-deps daemons release ## break dozens of real servers, and repair each by the hint that ntsbox-status prints
	@printf '%s\n' $(cures) | NTSBOX_BUILD=build/release xargs -P $(words $(cures)) -I '{}' $(python) tests/status/cures_test.py '{}'

# Debian's own start-up code is not built for control flow integrity; the libc functions that ntsbox-sim calls have no fortified form
# (blhc checks that the flag was given). Scripts are left out.
hardening := --nocfprotection --nofortify --quiet

check-deb: deb check-deb-deps ## check the packages with lintian and others, and install, use, upgrade and purge them in a chroot
	@$(MAKE) --no-print-directory check-deb-lint check-deb-installed check-deb-again

check-deb-lint:
	@echo "lintian, blhc, hardening-check"
	lintian --allow-root --fail-on error,warning --tag-display-limit 0 $(deb)/ntsbox_*.changes
	blhc --all $(deb)/build.log
	for package in $(deb)/ntsbox*.deb; do dpkg-deb --extract $$package $(deb)/tree; done
	hardening-check $(hardening) $$(find $(deb)/tree -path '*bin/*' -type f ! -exec grep -qI . {} \; -print)
	rm -rf $(deb)/tree

# $(call logged,NAME,COMMAND): prints its output, which is long, only if it fails.
logged = echo "$(1)"; $(2) > $(deb)/$(1).log 2>&1 || { tail -n 50 $(deb)/$(1).log >&2; exit 1; }

# $(call make_bootable,FOLDER,PACKAGES): a chroot that boots, with the dependencies of the packages.
define make_bootable
depends=$$(for package in ntsbox ntsbox-lab; do dpkg-deb --field $(deb)/$${package}_*.deb Depends; done |
    tr , '\n' | sed -E 's/^ *([^ ]+).*/\1/' | sort -u)
tests/package/make_root $(distribution) $(1) chrony gpsd udev systemd-sysv dbus iproute2 procps $(2) $$depends
endef

# owner_test.py boots machines from this chroot too; autopkgtest and piuparts are Debian's own checks. None changes it.
check-deb-installed:
	@$(call make_bootable,$(deb_root))
	export NTSBOX_CHROOT=$(deb_root)/root NTSBOX_DEBS=$(deb)
	$(python) tests/package/package_test.py
	$(python) tests/package/owner_test.py
	$(call logged,autopkgtest,tests/package/mounted --copy $(deb_root) \
	    autopkgtest $(deb)/ntsbox_*.changes -- chroot $(abspath $(deb_root))/root)
	$(call logged,piuparts,piuparts --existing-chroot=$(deb_root)/root --keep-sources-list --distribution=$(distribution) \
	    --no-eatmydata --no-upgrade-test $(deb)/ntsbox_*.deb $(deb)/ntsbox-lab_*.deb)

# Elsewhere, later, under another clock, language and umask: the same bytes.
check-deb-again:
	@echo "building them again"
	umask 0027
	LC_ALL=C TZ=Asia/Kathmandu $(MAKE) --no-print-directory deb deb=build/deb-again
	for made in $(deb)/*.deb $(deb)/*.dsc $(deb)/*.tar.xz; do cmp $$made build/deb-again/$${made##*/}; done
	rm -rf build/deb-again

fleet-deps: check-deb-deps
	@$(call install,$(fleet_packages))

# By the Ansible of Debian 12 and of Debian 13.
check-fleet: fleet-deps promtool ## set up and maintain booted machines with the Ansible role of docs/fleet
	@compgen -G '$(deb)/ntsbox_*.deb' > /dev/null || $(MAKE) --no-print-directory deb
	$(call make_bootable,$(fleet_root),openssh-server python3-apt)
	export NTSBOX_CHROOT=$(fleet_root)/root NTSBOX_DEBS=$(deb)
	tests/package/make_root trixie $(later_ansible) ansible-core ansible-lint yamllint openssh-client
	for control in / $(later_ansible)/root; do
	    NTSBOX_CONTROL=$$control $(python) tests/fleet/words_test.py
	    NTSBOX_CONTROL=$$control $(python) tests/fleet/fleet_test.py
	done

# On Debian 13, in a chroot of it; and the packages that are built there, on machines that boot.
check-trixie: check-deb-deps ## build and test on Debian 13, in a chroot under build/, and install the packages
	@tests/package/make_root trixie build/roots/trixie make
	tests/package/in_root build/roots/trixie make test-deps test check-vm
	tests/package/in_root build/roots/trixie make deb
	rm -rf build/deb-trixie
	cp -r build/roots/trixie/root/src/build/deb build/deb-trixie
	$(MAKE) --no-print-directory check-deb-installed distribution=trixie deb=build/deb-trixie deb_root=build/roots/bare-trixie

cross_targets := bookworm:arm64 bookworm:armhf trixie:arm64 trixie:armhf
# For the Pis of today; and for those whose time_t has 32 bits on Debian 12, and 64 on Debian 13.
check-cross: check-deb-deps ## build the packages for arm, and pass the unit tests and more on an emulation of it
	@tests/package/make_root trixie build/roots/cross-trixie build-essential qemu-user
	for target in $(cross_targets); do
	    release=$${target%:*} architecture=$${target#*:}
	    root=build/roots/cross-$$release made=build/deb-$$release-$$architecture
	    tests/package/make_root $$release $$root build-essential
	    cp build/roots/cross-trixie/root/usr/bin/qemu-{arm,aarch64} $$root/root/usr/local/bin/
	    tests/package/in_root $$root tests/package/cross $$architecture
	    rm -rf $$made
	    mkdir $$made
	    cp $$root/root/src/build/cross/$$architecture/*.deb $$made/
	done

# Of the packages that check-cross leaves.
check-pi: check-deb-deps images daemons release ## boot an emulated Pi of Debian's packages, provision it, and serve NTS from it
	@$(call install,$(pi_packages))
	debs=build/deb-bookworm-arm64
	compgen -G "$$debs/ntsbox_*.deb" > /dev/null || $(MAKE) --no-print-directory check-cross cross_targets=bookworm:arm64
	tests/pi/build_card build/pi build/images/bookworm-pi4/boot/firmware $$debs/ntsbox_*.deb
	NTSBOX_CARD=build/pi NTSBOX_DEBS=$$debs NTSBOX_BUILD=build/release $(python) tests/pi/pi_test.py

# Resumes where it ended: NTSBOX_PASSED names the file that remembers what passed (build/passed.json).
check-all: ## everything that a release passes; remembers what passed (ONLY="fuzz tidy" for some)
	@$(python) tests/check/check_all.py $(make) $(ONLY)

check-vm: vm test-deps ## run ntsboxd as it is installed in a virtual machine, on the PPS of its kernel
	@for test in tests/vm/*_test.py; do NTSBOX_BUILD=build/release $(python) $$test; done

vm-deps: deps
	@$(call install,$(vm_packages))

vm: release guest
	@cmake --build build/release --parallel $(jobs) --target guest_receiver guest_sandbox

bench-accuracy: vm ## measure how well the clock is kept in a virtual machine (BENCH="--models 23 --seeds 3"; hours for all)
	@NTSBOX_BUILD=build/release $(python) tests/vm/accuracy.py $(BENCH)

tidy: check-deps ## clang-tidy over every source that has changed since it passed
	@$(MAKE) --no-print-directory configure preset=lint
	$(python) tests/check/tidy.py build/lint $(jobs)

# cppcheck 2.10 gives a file up at a chrono literal, so it reads a copy in which 5ms is nanoseconds{5}.
cppcheck: check-deps ## cppcheck over every source
	@echo "cppcheck: $(words $(sources)) files"
	rm -rf build/cppcheck
	for source in $(sources); do
	    mkdir -p build/cppcheck/$$(dirname $$source)
	    sed -E "s/\b([0-9][0-9']*)(ns|us|ms|s|min|h)\b/nanoseconds{\1}/g" $$source > build/cppcheck/$$source
	done
	cd build/cppcheck
	cppcheck --quiet --error-exitcode=1 --inline-suppr -j $(jobs) --std=c++20 --language=c++ -I . \
	    --enable=warning,performance,portability $(filter %.cc,$(sources))

format: check-deps ## format every source
	@clang-format -i $(sources)

format-check: check-deps
	@echo "clang-format: $(words $(sources)) files"
	printf '%s\n' $(sources) | xargs -P $(jobs) -n 32 clang-format --dry-run --Werror

fuzz: check-deps ## fuzz each parser, and the bridge (FUZZ_RUNS=10000000 executions each)
	@$(call build,fuzz,fuzzers)
	printf '%s\n' $(fuzz_targets) | xargs -P $(jobs) -I '{}' tests/fuzz/run '{}' $(FUZZ_RUNS)

mutants: deps ## change the driver's core in every way that the mutator has: the tests must fail (MUTANTS=driver/core/bridge.cc for one file)
	@$(call build,mutants,driver_test)
	NTSBOX_SEEDS=all nice $(python) tests/mutants/mutants.py --jobs $(jobs) $(MUTANTS)

coverage: check-deps ## check that the unit tests run enough of the parsers and checks
	@$(call install,gcovr)
	$(call build,coverage,base_test certs_test driver_test provision_test)
	find build/coverage -name '*.gcda' -delete
	for module in base certs driver provision; do NTSBOX_SEEDS=all build/coverage/tests/$${module}_test > build/coverage/$$module.log; done
	$(python) tests/coverage/coverage.py build/coverage

check-restarts: release daemons ## restart gpsd, chronyd and ntsboxd by the dozen, and run an hour of service (takes over an hour)
	@printf '%s\n' "restarts/restarts_test.py Gpsd" "restarts/restarts_test.py Killed" "restarts/restarts_test.py Hours" \
	    "smoke/chronyd_test.py Terminated" "smoke/chronyd_test.py Killed" |
	    NTSBOX_BUILD=build/release NTSBOX_RESTARTS=100 xargs -P 5 -I '{}' bash -c '$(python) tests/{}'
	NTSBOX_BUILD=build/release $(python) tests/restarts/month.py

# Of the logs a receiver that has a fix, a date and a 1 Hz cycle must be served; three exceptions are allowed.
check-receivers: release daemons gpsds ## play made-up receivers, and the logs of gpsd's regression suite (DIR=.../test/daemon), through two gpsds
	@for release in bookworm trixie; do NTSBOX_GPSD=$$release NTSBOX_BUILD=build/release $(python) tests/receivers/made_up_test.py; done
	[ -z "$(DIR)" ] || NTSBOX_BUILD=build/release $(python) tests/receivers/receivers.py $(DIR)

endurance: ## simulate a server for DAYS=10000 days with random faults, and compare with the true time
	@$(call build,release,endurance)
	build/release/bin/endurance --days $(DAYS) --least-speed 1000000

bench: ## measure ntsboxd beside its peers (BENCH=--json for machines)
	@{ $(MAKE) --no-print-directory release daemons
	   cmake --build build/release --parallel $(jobs) --target bench_peers; } >&2
	NTSBOX_BUILD=build/release $(python) tests/bench/bench.py $(BENCH)

bench-latency: ## measure from a pulse's edge to chronyd's queue, beside a bare sender (BENCH=--json for machines)
	@$(MAKE) --no-print-directory bench BENCH="--only-latency $(BENCH)"

bench-provision: ## measure how long ntsbox-provision takes, on an image
	@$(MAKE) --no-print-directory release images >&2
	NTSBOX_BUILD=build/release $(python) tests/bench/provision.py

bench-status: ## measure how long ntsbox-status takes, beside chronyc
	@$(MAKE) --no-print-directory release daemons >&2
	NTSBOX_BUILD=build/release $(python) tests/bench/status.py

clean: ## remove everything that was built or fetched
	rm -rf build
