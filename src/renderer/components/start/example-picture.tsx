import { useEffect } from 'react'
import { useExamplePictures } from '../../stores/example-pictures.ts'
import { Jpeg } from '../clip/jpeg.tsx'

/** Thumbnail of an example. Opening the example for its thumbnail also speeds up the click that follows. */
export function ExamplePicture({ name }: { readonly name: string }) {
  const jpeg = useExamplePictures((state) => state.known[name])
  const load = useExamplePictures((state) => state.load)
  useEffect(() => load(name), [load, name])
  const box = 'block aspect-video w-full bg-sunk object-cover'
  return jpeg ? <Jpeg jpeg={jpeg} label="" className={box} /> : <div className={box} />
}
