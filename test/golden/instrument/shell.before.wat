;; What happens around the code with counters of the module's own: they come last, so that no index changes; clamped maxima,
;; helpers, exported memories and start function.
;; options: {"memoryPagesMax": 16, "tableElementsMax": 100}
(module
  (import "env" "base" (global $base i32))
  (import "env" "log" (func $log (param i32)))
  (memory 1 1000)
  (table 2 funcref)
  (global $own (export "own") (mut i32) (global.get $base))
  (elem (i32.const 0) $log)
  (data (global.get $base) "hello")
  (func $run (export "run") (param i32) (result i32)
    (global.set $own (i32.add (global.get $own) (global.get $base)))
    (memory.fill (i32.const 0) (i32.const 0) (local.get 0))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 100))
    (table.copy (i32.const 0) (i32.const 1) (i32.const 1))
    (drop (table.grow 0 (ref.null func) (i32.const 1)))
    (call $log (memory.grow (local.get 0)))
    (global.get $own))
  (func $begin)
  (start $begin))
