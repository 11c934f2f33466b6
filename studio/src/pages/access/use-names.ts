import { useInfiniteQuery } from "@tanstack/react-query";
import { useMayOnServer } from "@/api/may";
import { principalsQuery } from "@/api/principals";

/** Names to choose from, for those who may see them: the first hundred of each kind. */
export function useNames(wanted: boolean): string[] {
  const may = useMayOnServer();
  const enabled = wanted && may("principals/read");
  const kinds = [
    useInfiniteQuery({ ...principalsQuery("users"), enabled }),
    useInfiniteQuery({ ...principalsQuery("service-accounts"), enabled }),
    useInfiniteQuery({ ...principalsQuery("groups"), enabled }),
  ];
  return kinds.flatMap((one) => one.data?.pages.flatMap((page) => page.items.map((who) => who.name)) ?? []);
}
