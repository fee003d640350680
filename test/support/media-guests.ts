import { assemble } from './assemble.ts';

/** The fields of `media` as `wit/host/media.wit` declares them. */
const DECLARED = '(field "data" (list u8)) (field "mime-type" string)';

/**
 * A component that imports `cellblock:host/media` for its record alone; its `picture` returns the bytes 1, 2, 3 as `image/png`.
 *
 * @param options.inner - more of the imported interface, such as a function, as WebAssembly text.
 */
export function mediaGuest({ inner = '' }: { readonly inner?: string } = {}): Promise<Uint8Array> {
  return assemble(`(component
    (type $interface (instance
      (type $declared (record ${DECLARED}))
      (export "media" (type (eq $declared)))
      ${inner}))
    (import "cellblock:host/media@0.1.0" (instance $media (type $interface)))
    (alias export $media "media" (type $record))
    (core module $Main
      (memory (export "memory") 1)
      (data (i32.const 16) "\\40\\00\\00\\00\\03\\00\\00\\00\\50\\00\\00\\00\\09\\00\\00\\00")
      (data (i32.const 64) "\\01\\02\\03")
      (data (i32.const 80) "image/png")
      (func (export "picture") (result i32) (i32.const 16)))
    (core instance $main (instantiate $Main))
    (alias core export $main "memory" (core memory $memory))
    (func (export "picture") (result $record) (canon lift (core func $main "picture") (memory $memory))))`);
}
