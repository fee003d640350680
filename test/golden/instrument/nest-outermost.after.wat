;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32 i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $grid (type 0) (param i32 i32)
    (local i32 i64)
    global.get 0
    local.set 3
    loop  ;; label = @1
      local.get 1
      local.set 2
      loop  ;; label = @2
        local.get 3
        i64.const 5
        i64.sub
        local.tee 3
        i64.const 0
        i64.lt_s
        if  ;; label = @3
          local.get 3
          global.set 0
          unreachable
        end
        local.get 2
        i32.const 1
        i32.sub
        local.tee 2
        br_if 0 (;@2;)
      end
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      if  ;; label = @2
        local.get 3
        i64.const 7
        i64.sub
        local.tee 3
        i64.const 0
        i64.ge_s
        br_if 1 (;@1;)
        local.get 3
        global.set 0
        unreachable
      end
    end
    local.get 3
    global.set 0)
  (export "grid" (func 0)))
