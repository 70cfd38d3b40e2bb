/** Imports a package from this folder's own `node_modules`. */
export const importHere = (specifier: string): Promise<unknown> => import(specifier)
