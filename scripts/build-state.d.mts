/** Whether what was built is older than what it is built from, or is not there. */
export function buildIsStale(root: string): boolean
