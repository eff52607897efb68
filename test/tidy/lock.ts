/** The check of package-lock.json: `npm ci` works on a system only where what packages bring for that system is locked. */

/** Packages by their places below the project, which itself is at the empty one. */
export type LockedPackages = Readonly<
  Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
>

const BELOW = 'node_modules/'

/** Where Node looks for what a package needs: below it, then beside it, and so on up to the project. */
const placesOf = (place: string, name: string): string[] => {
  if (place === '') return [`${BELOW}${name}`]
  const above = place.slice(0, Math.max(0, place.lastIndexOf(`/${BELOW}`)))
  return [`${place}/${BELOW}${name}`, ...placesOf(above, name)]
}

/** Optional packages that are named and not locked: those of other systems, where a registry did not have them. */
export const unlockedPackages = (packages: LockedPackages): string[] =>
  Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !placesOf(place, name).some((found) => found in packages))
      .map(([name, version]) => `${place || 'package.json'} names ${name} ${version}, which is not locked`),
  )
