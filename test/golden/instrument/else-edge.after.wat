;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i32) (result i32 i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $leaves (type 0) (param i32) (result i32)
    global.get 0
    i64.const 6
    i64.sub
    global.set 0
    global.get 0
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    local.get 0
    i32.const 7
    local.get 0
    if (param i32 i32) (result i32 i32)  ;; label = @1
      i32.const 1
      return
    else
      global.get 0
      i64.const 2
      i64.sub
      global.set 0
    end
    i32.add
    i32.const 3
    i32.mul)
  (export "leaves" (func 0)))
