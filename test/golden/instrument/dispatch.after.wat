;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $run (type 0) (param i32) (result i32)
    (local i32 i64)
    global.get 0
    local.set 2
    loop  ;; label = @1
      block  ;; label = @2
        block  ;; label = @3
          block  ;; label = @4
            local.get 0
            i32.load8_u
            local.get 0
            i32.const 1
            i32.add
            local.set 0
            br_table 0 (;@4;) 1 (;@3;) 2 (;@2;)
          end
          local.get 1
          i32.const 1
          i32.add
          local.set 1
          local.get 2
          i64.const 13
          i64.sub
          local.tee 2
          i64.const 0
          i64.ge_s
          br_if 2 (;@1;)
          local.get 2
          global.set 0
          unreachable
        end
        local.get 1
        i32.const 3
        i32.mul
        local.set 1
        local.get 2
        i64.const 13
        i64.sub
        local.tee 2
        i64.const 0
        i64.ge_s
        br_if 1 (;@1;)
        local.get 2
        global.set 0
        unreachable
      end
      local.get 0
      i32.const 64
      i32.lt_u
      if  ;; label = @2
        local.get 2
        i64.const 13
        i64.sub
        local.tee 2
        i64.const 0
        i64.ge_s
        br_if 1 (;@1;)
        local.get 2
        global.set 0
        unreachable
      end
    end
    local.get 2
    global.set 0
    local.get 1)
  (memory (;0;) 1 65536)
  (export "run" (func 0)))
