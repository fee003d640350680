;; Written by: BLESS=1 npx vitest run test/runtime/instrument/golden.test.ts
(module
  (type (;0;) (func (param i32) (result i32)))
  (import "cellblock:meter" "fuel" (global (;0;) (mut i64)))
  (import "cellblock:meter" "pages" (global (;1;) (mut i32)))
  (import "cellblock:meter" "elements" (global (;2;) (mut i32)))
  (func (;0;) (type 0) (param i32) (result i32)
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
      loop  ;; label = @2
        global.get 0
        i64.const 3
        i64.sub
        global.set 0
        global.get 0
        i64.const 0
        i64.lt_s
        if  ;; label = @3
          unreachable
        end
        local.get 0
        i32.eqz
        br_if 1 (;@1;)
        global.get 0
        i64.const 8
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
        local.set 0
        local.get 0
        i32.const 1
        i32.and
        if  ;; label = @3
          global.get 0
          i64.const 1
          i64.sub
          global.set 0
          global.get 0
          i64.const 0
          i64.lt_s
          if  ;; label = @4
            unreachable
          end
          nop
          br 1 (;@2;)
        else
          global.get 0
          i64.const 5
          i64.sub
          global.set 0
          global.get 0
          i64.const 0
          i64.lt_s
          if  ;; label = @4
            unreachable
          end
          local.get 0
          call 0
          drop
        end
        global.get 0
        i64.const 3
        i64.sub
        global.set 0
        global.get 0
        i64.const 0
        i64.lt_s
        if  ;; label = @3
          unreachable
        end
        local.get 0
        br_table 0 (;@2;) 1 (;@1;)
      end
    end
    global.get 0
    i64.const 3
    i64.sub
    global.set 0
    global.get 0
    i64.const 0
    i64.lt_s
    if  ;; label = @1
      unreachable
    end
    block  ;; label = @1
      i32.const 1
      drop
    end
    local.get 0)
  (export "run" (func 0)))
