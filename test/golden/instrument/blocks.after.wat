;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func $run (type 0) (param i32) (result i32)
    (local i64)
    global.get 0
    i64.const 1
    i64.sub
    global.set 0
    global.get 0
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    block  ;; label = @1
      global.get 0
      local.set 1
      loop  ;; label = @2
        local.get 1
        i64.const 3
        i64.sub
        local.tee 1
        i64.const 0
        i64.lt_s
        if  ;; label = @3
          local.get 1
          global.set 0
          unreachable
        end
        local.get 0
        i32.eqz
        if  ;; label = @3
          local.get 1
          global.set 0
          br 2 (;@1;)
        end
        local.get 1
        i64.const 9
        i64.sub
        local.set 1
        local.get 0
        i32.const 1
        i32.sub
        local.set 0
        local.get 0
        i32.const 1
        i32.and
        if  ;; label = @3
          nop
          br 1 (;@2;)
        else
          local.get 1
          i64.const 3
          i64.sub
          local.set 1
          local.get 0
          local.get 1
          global.set 0
          call 0
          drop
          global.get 0
          local.set 1
        end
        local.get 0
        local.get 1
        global.set 0
        br_table 0 (;@2;) 1 (;@1;)
      end
    end
    global.get 0
    i64.const 2
    i64.sub
    global.set 0
    block  ;; label = @1
      i32.const 1
      drop
    end
    local.get 0)
  (export "run" (func 0)))
