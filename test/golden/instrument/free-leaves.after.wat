;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $leaf (type 0) (param i32) (result i32)
    local.get 0
    i32.const 3
    i32.mul)
  (func $loops (type 0) (param i32) (result i32)
    (local i64)
    global.get 0
    local.set 1
    loop  ;; label = @1
      local.get 1
      i64.const 5
      i64.sub
      local.tee 1
      i64.const 0
      i64.lt_s
      if  ;; label = @2
        local.get 1
        global.set 0
        unreachable
      end
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0 (;@1;)
    end
    local.get 1
    global.set 0
    local.get 0)
  (func $calls (type 0) (param i32) (result i32)
    global.get 0
    i64.const 19
    i64.sub
    global.set 0
    global.get 0
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    local.get 0
    i32.const 0
    call_indirect (type 0))
  (table (;0;) 3 100000 funcref)
  (elem (;0;) (i32.const 0) func 0 1 2))
