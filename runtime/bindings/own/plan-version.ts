/** Version of the link plan: raise it when `LinkPlan` changes, or when the builder makes another plan of the same component. */
export const LINK_PLAN_VERSION = 3;
