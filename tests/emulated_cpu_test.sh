#!/usr/bin/env bash
# emulated_cpu_test.sh INGOT MODEL: on an emulated processor that has nothing beyond SSE2 the program must write the same
# greedy continuation as the portable kernels do natively. 77 (skipped) without qemu-user or without the model.
set -euo pipefail
ingot=$1
model=$2
command -v qemu-x86_64 >/dev/null || { echo "skipped: qemu-user is not installed"; exit 77; }
[ -f "$model" ] || { echo "skipped: $model is absent"; exit 77; }
arguments=(run "$model" --raw -p "The capital of France is" -n 6 --temp 0 -t 1 -c 64)
native=$("$ingot" "${arguments[@]}" --isa portable)
emulated=$(qemu-x86_64 -cpu qemu64 "$ingot" "${arguments[@]}")
echo "native:   $native"
echo "emulated: $emulated"
[ -n "$native" ] && [ "$native" = "$emulated" ]
