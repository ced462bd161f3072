import { mount } from "svelte";
import App from "./App.svelte";
import Display from "./views/Display.svelte";
import "./tokens.css";
import "./page.css";

const target = document.getElementById("app");
const hall = /\/display\/([^/]+)$/.exec(location.pathname)?.[1];
if (target) {
  if (hall) mount(Display, { target, props: { hall: decodeURIComponent(hall) } });
  else mount(App, { target });
}
