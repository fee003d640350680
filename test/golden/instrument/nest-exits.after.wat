;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $other (type 0) (param i32) (result i32)
    local.get 0)
  (func $end (type 1) (param i32)
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
    global.set 0)
  (func $ends (type 0) (param i32) (result i32)
    (local i64 i32)
    block  ;; label = @1
      block (result i32)  ;; label = @2
        global.get 0
        local.set 1
        loop  ;; label = @3
          local.get 1
          i64.const 20
          i64.sub
          local.tee 1
          i64.const 0
          i64.lt_s
          if  ;; label = @4
            local.get 1
            global.set 0
            unreachable
          end
          local.get 0
          i32.const 1
          i32.eq
          if  ;; label = @4
            local.get 1
            global.set 0
            br 3 (;@1;)
          end
          i32.const 10
          local.get 0
          i32.const 2
          i32.eq
          local.tee 2
          if  ;; label = @4
            local.get 1
            global.set 0
          end
          local.get 2
          br_if 1 (;@2;)
          drop
          local.get 0
          i32.const 3
          i32.eq
          if  ;; label = @4
            local.get 1
            global.set 0
            br 3 (;@1;)
          end
          local.get 0
          i32.const 4
          i32.eq
          if  ;; label = @4
            i32.const 4
            local.get 1
            global.set 0
            return
          end
          local.get 0
          i32.const 5
          i32.eq
          if  ;; label = @4
            i32.const 5
            local.get 1
            global.set 0
            return_call 0
          end
          local.get 0
          i32.const 6
          i32.eq
          if  ;; label = @4
            local.get 1
            global.set 0
            unreachable
          end
          local.get 0
          i32.const 1
          i32.sub
          local.set 0
          block  ;; label = @4
            local.get 0
            i32.const 3
            i32.and
            local.get 1
            global.set 0
            br_table 0 (;@4;) 1 (;@3;) 3 (;@1;)
          end
          br 0 (;@3;)
        end
        unreachable
      end
      return
    end
    local.get 0)
  (export "end" (func 1))
  (export "ends" (func 2)))
