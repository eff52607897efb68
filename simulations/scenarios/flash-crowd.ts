/** Flash crowd: everybody comes at once, to one seed (or as the settings of arrivals have it). */
import { scenarioOf } from '../course.js'

export const flashCrowd = scenarioOf('flash-crowd', 'everybody comes at once, to one seed', {})
