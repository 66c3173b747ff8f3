import { Film as FilmIcon } from 'lucide-react'
import { useEffect } from 'react'
import { type Pictured, thumbnailKey, useThumbnails } from '../../stores/thumbnails.ts'
import { Jpeg } from './jpeg.tsx'

/** Thumbnail of a clip, of a moment of it, or of a benchmark's sample; an icon if there is none. */
export function Thumbnail({ className = '', ...pictured }: Pictured & { readonly className?: string }) {
  const key = thumbnailKey(pictured)
  const jpeg = useThumbnails((state) => state.known.get(key))
  const load = useThumbnails((state) => state.load)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for what is pictured, which is a new object at each rendering.
  useEffect(() => load(pictured), [load, key])
  if (jpeg) return <Jpeg jpeg={jpeg} label="" className={className} />
  return (
    <div className={`grid place-items-center bg-sunk text-quiet ${className}`}>
      <FilmIcon size={20} aria-hidden="true" />
    </div>
  )
}
