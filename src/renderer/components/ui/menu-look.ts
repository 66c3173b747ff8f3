/** Shared styles of all menus. */
export const menuBox =
  'z-50 max-h-[min(24rem,70vh)] min-w-48 overflow-y-auto rounded-xl border border-line bg-raised p-1 text-text shadow-float'
export const menuItem =
  'flex cursor-default items-center gap-2 rounded-lg px-2.5 py-1.5 text-[0.8125rem] outline-none select-none data-[highlighted]:bg-sunk data-[disabled]:opacity-55'
