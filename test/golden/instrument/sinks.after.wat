;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $fib (type 0) (param i32) (result i32)
    local.get 0
    i32.const 2
    i32.lt_u
    if (result i32)  ;; label = @1
      local.get 0
    else
      global.get 0
      i64.const 24
      i64.sub
      global.set 0
      global.get 0
      i64.const 0
      i64.lt_s
      if  ;; label = @2
        unreachable
      end
      local.get 0
      i32.const 1
      i32.sub
      call 0
      local.get 0
      i32.const 2
      i32.sub
      call 0
      i32.add
    end)
  (func $run (type 0) (param i32) (result i32)
    local.get 0
    call 0)
  (export "run" (func 1)))
