/** Shared styles of all menus. */
export const menuBox =
  'z-50 max-h-[min(24rem,70vh)] min-w-48 overflow-y-auto rounded-panel border border-line bg-panel p-1 text-text shadow-float'
export const menuItem =
  'flex cursor-default items-center gap-2 rounded-control px-2.5 py-1.5 text-control outline-none select-none data-[highlighted]:bg-sunk data-[disabled]:opacity-55'
