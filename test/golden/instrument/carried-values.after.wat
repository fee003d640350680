;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $found (type 0) (param i32) (result i32)
    (local i32)
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
    block (result i32)  ;; label = @1
      block (result i32)  ;; label = @2
        i32.const 1
        local.get 0
        local.tee 1
        if  ;; label = @3
          global.get 0
          i64.const 2
          i64.sub
          global.set 0
        end
        local.get 1
        br_if 0 (;@2;)
        drop
        i32.const 2
        br 1 (;@1;)
      end
      i32.const 3
      i32.mul
      i32.const 4
      i32.add
    end)
  (export "found" (func 0)))
