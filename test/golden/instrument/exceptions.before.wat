;; In a module that handles exceptions `exact` charges what follows a call only after it, since the call may throw; a handler pays
;; for itself, and checks.
;; options: {"meter": "shared", "model": "exact"}
(module
  (tag $t)
  (func $may (param i32) (if (local.get 0) (then (throw $t))))
  (func $run (export "run") (param i32) (result i32)
    (try (result i32)
      (do (call $may (local.get 0)) (i32.add (i32.const 1) (i32.const 2)))
      (catch $t (i32.const 3)))))
