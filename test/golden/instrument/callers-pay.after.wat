;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $leaf (type 0) (param i32) (result i32)
    local.get 0
    i32.const 3
    i32.mul)
  (func $middle (type 0) (param i32) (result i32)
    local.get 0
    call 0
    i32.const 1
    call 0
    i32.add)
  (func $large (type 1)
    global.get 0
    i64.const 496
    i64.sub
    global.set 0
    i32.const 0
    i32.const 0
    i32.const 4096
    memory.fill
    i32.const 0
    i32.const 0
    i32.const 4096
    memory.fill
    i32.const 0
    i32.const 0
    i32.const 4096
    memory.fill
    i32.const 0
    i32.const 0
    i32.const 4096
    memory.fill
    i32.const 0
    i32.const 0
    i32.const 4096
    memory.fill)
  (func $run (type 0) (param i32) (result i32)
    global.get 0
    i64.const 26
    i64.sub
    global.set 0
    global.get 0
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    call 2
    local.get 0
    call 1)
  (memory (;0;) 1 65536)
  (export "run" (func 3)))
