/** Finds the route of a request, by path and then by method. */
import { type ApiAnswer, type ApiRoute, faultAnswer } from "./route.ts";

export type Routed =
  | { readonly kind: "route"; readonly route: ApiRoute }
  /** `path` is one of ours where only the method is wrong: names of strangers' making are not counted one by one. */
  | { readonly kind: "refused"; readonly answer: ApiAnswer; readonly path: string | undefined };

export type Router = (method: string, path: string) => Routed;

export function createRouter(routes: readonly ApiRoute[]): Router {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  const prefixes = [
    ...Map.groupBy(
      routes.filter(({ isPrefix }) => isPrefix === true),
      ({ path }) => path,
    ),
  ];
  return (method, path) => {
    const there = byPath.get(path) ?? prefixes.find(([prefix]) => path.startsWith(prefix))?.[1];
    if (there === undefined)
      return {
        kind: "refused",
        path: undefined,
        answer: faultAnswer(404, "not_found", "There is nothing here."),
      };
    const route = there.find((one) => one.method === method);
    if (route !== undefined) return { kind: "route", route };
    const allow = there.map((one) => one.method).join(", ");
    const [{ path: known } = { path }] = there;
    const answer = faultAnswer(405, "method_not_allowed", `Use ${allow}.`, { allow });
    return { kind: "refused", path: known, answer };
  };
}
