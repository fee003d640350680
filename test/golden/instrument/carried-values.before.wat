;; A `br_if` that pays and carries values keeps its condition in a local: so it can stand before and after the charge.
;; options: {"meter": "shared", "model": "exact"}
(module
  (func $found (export "found") (param i32) (result i32)
    (block $out (result i32)
      (block $costly (result i32)
        (drop (br_if $costly (i32.const 1) (local.get 0)))
        (br $out (i32.const 2)))
      (i32.mul (i32.const 3))
      (i32.add (i32.const 4)))))
