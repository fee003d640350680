;; A loop that parts its ways by a table, and in which nothing else touches the counter: each of many branches back pays for the
;; turn that it begins, so that a turn has one branch for both.
;; options: {"meter": "shared"}
(module
  (memory 1)
  (func $run (export "run") (param $pc i32) (result i32) (local $sum i32)
    (loop $next
      (block $2 (block $1 (block $0
        (br_table $0 $1 $2 (i32.load8_u (local.get $pc)) (local.set $pc (i32.add (local.get $pc) (i32.const 1)))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 1))) (br $next))
        (local.set $sum (i32.mul (local.get $sum) (i32.const 3))) (br $next))
      (br_if $next (i32.lt_u (local.get $pc) (i32.const 64))))
    (local.get $sum)))
