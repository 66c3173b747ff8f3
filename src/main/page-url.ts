/** Scheme of the page's own address: files of the built page and nothing else lie behind it. */
export const PAGE_SCHEME = 'app'

/** Origin of the built page. */
export const PAGE_ORIGIN = `${PAGE_SCHEME}://tarsier`

/** Where the page is loaded from: the built one, or electron-vite's server while developing. */
export function pageUrl(): string {
  const { ELECTRON_RENDERER_URL: developing } = process.env
  return developing === undefined ? `${PAGE_ORIGIN}/index.html` : new URL(developing).href
}
