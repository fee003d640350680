;; The edges of a table have no place for a charge: what follows a label that it leads to is charged where the block ends, where
;; that is much. In `exact` always.
;; options: {"meter": "shared", "model": "exact"}
(module
  (memory 1)
  (func $switch (export "switch") (param i32)
    (block $small
      (block $large
        (br_table $large $small (local.get 0)))
      (drop (memory.grow (i32.const 0))))
    (local.set 0 (i32.const 1))))
