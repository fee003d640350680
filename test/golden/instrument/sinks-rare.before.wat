;; Releasing a reference leads back to itself on a rare way only: the check stands there, and what remains is free. Callers that
;; were placed before it pay as for an indirect call.
;; options: {"meter": "shared"}
(module
  (memory 1)
  (func $release (param $at i32)
    (i32.store (local.get $at) (i32.sub (i32.load (local.get $at)) (i32.const 1)))
    (if (i32.eqz (i32.load (local.get $at))) (then (call $free (local.get $at)))))
  (func $free (param $at i32)
    (call $release (i32.load offset=4 (local.get $at)))
    (call $release (i32.load offset=8 (local.get $at)))
    (i32.store offset=4 (local.get $at) (i32.const 0)) (i32.store offset=8 (local.get $at) (i32.const 0)))
  (func $run (export "run") (param i32) (call $release (local.get 0))))
