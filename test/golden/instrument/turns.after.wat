;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $one (type 0) (param i32)
    block  ;; label = @1
      loop  ;; label = @2
        local.get 0
        i32.const 7
        i32.eq
        br_if 1 (;@1;)
        local.get 0
        i32.const 1
        i32.sub
        local.tee 0
        if  ;; label = @3
          global.get 0
          i64.const 9
          i64.sub
          global.set 0
          global.get 0
          i64.const 0
          i64.ge_s
          br_if 1 (;@2;)
          unreachable
        end
      end
    end)
  (func $straight (type 0) (param i32)
    loop  ;; label = @1
      global.get 0
      i64.const 5
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
      local.tee 0
      br_if 0 (;@1;)
    end)
  (func $three (type 0) (param i32)
    loop  ;; label = @1
      global.get 0
      i64.const 13
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
      local.tee 0
      br_if 0 (;@1;)
      local.get 0
      i32.const 100
      i32.gt_u
      br_if 0 (;@1;)
      local.get 0
      i32.const 10
      i32.gt_u
      br_if 0 (;@1;)
    end)
  (func $table (type 0) (param i32)
    block  ;; label = @1
      loop  ;; label = @2
        global.get 0
        i64.const 6
        i64.sub
        global.set 0
        global.get 0
        i64.const 0
        i64.lt_s
        if  ;; label = @3
          unreachable
        end
        local.get 0
        i32.const 1
        i32.sub
        local.tee 0
        br_table 1 (;@1;) 0 (;@2;)
      end
    end)
  (export "one" (func 0))
  (export "straight" (func 1))
  (export "three" (func 2))
  (export "table" (func 3)))
