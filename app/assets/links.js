/* What makes the frame's own links, and a page that wants to go elsewhere, keep history and project. */

const NAVIGATION = "[data-testid=stTopNavLink], [data-testid=stSidebarNavLink]";

export default function ({ data }) {
  const went = (window.weaveCoreWent ??= new Set());
  if (!went.size) {
    went.add(0);
    document.addEventListener("click", onClick, true);
  }
  const { href, at } = decode(data);
  if (href && !went.has(at)) {
    went.add(at); // Drawn again, as by Back, it must not go again.
    visit(href);
  }
  return () => {};
}

/* A click in the navigation stays in the project, and is one step in the history. */
function onClick(event) {
  const target = event.target.closest?.(NAVIGATION);
  if (!target || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  event.stopPropagation();
  const to = new URL(target.href);
  const project = new URLSearchParams(location.search).get("project");
  if (project) to.searchParams.set("project", project);
  visit(to.href);
}
