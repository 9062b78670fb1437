#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the examples of the folder $1 in small sizes; their results are expected.txt. Words after it go before each
# program, for instance: run-expected.sh build ../scripts/hvm run --cores 2 --
folder=$1
shift
"$@" "$folder/cg" 64 2
"$@" "$folder/stream" 100000 2
"$@" "$folder/stencil" 128 50
"$@" "$folder/fft" 12 2
"$@" "$folder/nbody" 200 3
"$@" "$folder/hrt-stencil" 128 50
"$@" "$folder/hrt-tasks" 14 2
"$@" "$folder/hrt-fibers" 200 1
