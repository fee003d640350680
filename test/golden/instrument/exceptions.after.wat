;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func))
  (type (;1;) (func (param i32)))
  (type (;2;) (func (param i32) (result i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $may (type 1) (param i32)
    local.get 0
    if  ;; label = @1
      global.get 0
      i64.const 1
      i64.sub
      global.set 0
      throw 0
    end)
  (func $run (type 2) (param i32) (result i32)
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
    try (result i32)  ;; label = @1
      local.get 0
      call 0
      global.get 0
      i64.const 3
      i64.sub
      global.set 0
      i32.const 1
      i32.const 2
      i32.add
    catch 0
      global.get 0
      i64.const 1
      i64.sub
      global.set 0
      global.get 0
      i64.const 0
      i64.lt_s
      if  ;; label = @2
        unreachable
      end
      i32.const 3
    end)
  (tag (;0;) (type 0))
  (export "run" (func 1)))
