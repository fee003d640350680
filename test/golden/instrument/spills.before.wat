;; Of this loop only some turns call something: the counter is in a local, and back in the global around the call. The loop that
;; calls in each turn leaves it in the global.
;; options: {"meter": "shared"}
(module
  (import "env" "log" (func $log (param i32)))
  (func $some (export "some") (param i32)
    (loop $l
      (if (i32.eqz (i32.and (local.get 0) (i32.const 255))) (then (call $log (local.get 0))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func $each (export "each") (param i32)
    (loop $l
      (call $log (local.get 0))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
