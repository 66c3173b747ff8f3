import { useEffect } from 'react'
import { useExamplePictures } from '../../stores/example-pictures.ts'
import { Jpeg } from '../clip/jpeg.tsx'

/** What an example looks like. Opening it for its picture also makes the click that follows quick. */
export function ExamplePicture({ name }: { readonly name: string }) {
  const jpeg = useExamplePictures((state) => state.known[name])
  const load = useExamplePictures((state) => state.load)
  useEffect(() => load(name), [load, name])
  const box = 'block aspect-video w-full bg-sunk object-cover'
  return jpeg ? <Jpeg jpeg={jpeg} label="" className={box} /> : <div className={box} />
}
