import { Film as FilmIcon } from 'lucide-react'
import { useEffect } from 'react'
import { type Pictured, thumbnailKey, useThumbnails } from '../../stores/thumbnails.ts'
import { Jpeg } from './jpeg.tsx'

/** Thumbnail of a clip, of a moment of it, or of a benchmark's sample; an icon if there is none. */
export function Thumbnail({ className = '', ...pictured }: Pictured & { readonly className?: string }) {
  const key = thumbnailKey(pictured)
  const jpeg = useThumbnails((state) => state.known.get(key))
  const want = useThumbnails((state) => state.want)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for what is pictured, which is a new object at each rendering.
  useEffect(() => want(pictured), [want, key])
  if (jpeg) return <Jpeg jpeg={jpeg} label="" className={className} />
  return (
    <div className={`grid place-items-center bg-sunk text-quiet ${className}`}>
      <FilmIcon size={20} aria-hidden="true" />
    </div>
  )
}
