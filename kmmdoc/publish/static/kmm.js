// Wide figures: zoom buttons, dragging, and a hint that there is more to the side. The wheel scrolls the page;
// only with Ctrl (or as a pinch) it zooms the figure under it. Without this script every figure is still there.
"use strict";

(() => {
  const chinese = document.documentElement.lang.startsWith("zh");
  const say = (english, other) => (chinese ? other : english);
  const LEGIBLE = 0.72; // below this part of its natural size a figure's text cannot be read
  const STEP = 1.25;

  function figure(box) {
    const svg = box.querySelector("svg");
    const natural = Number(svg.getAttribute("width"));
    let chosen = null; // the scale the reader asked for, or none

    const fitting = () => Math.min(1, box.clientWidth / natural);
    const scale = () => chosen ?? Math.max(fitting(), Math.min(1, LEGIBLE));

    function show() {
      svg.style.width = `${natural * scale()}px`;
      svg.style.height = "auto";
      const wide = natural * scale() > box.clientWidth + 1;
      box.classList.toggle("kmm-wide", wide);
      if (wide) {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", svg.getAttribute("aria-label"));
      } else {
        box.removeAttribute("tabindex");
        box.removeAttribute("role");
        box.removeAttribute("aria-label");
      }
      tools.hidden = !(wide || chosen !== null || fitting() < 0.999);
      edges();
    }

    function edges() {
      const rest = box.scrollWidth - box.clientWidth - box.scrollLeft;
      box.classList.toggle("kmm-more-right", rest > 4);
      box.classList.toggle("kmm-more-left", box.scrollLeft > 4);
    }

    function zoom(factor, x = box.clientWidth / 2) {
      const before = scale();
      chosen = Math.min(4, Math.max(Math.min(0.3, fitting()), before * factor));
      const at = (box.scrollLeft + x) / before;
      show();
      box.scrollLeft = at * chosen - x;
    }

    const tools = document.createElement("div");
    tools.className = "kmm-tools";
    for (const [sign, name, action] of [
      ["−", say("Smaller", "缩小"), () => zoom(1 / STEP)],
      ["+", say("Larger", "放大"), () => zoom(STEP)],
      ["↔", say("Fit the width", "适应宽度"), () => { chosen = fitting(); show(); }],
      ["1:1", say("Natural size", "原始大小"), () => { chosen = 1; show(); }],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.title = name;
      button.setAttribute("aria-label", name);
      button.addEventListener("click", action);
      tools.append(button);
    }
    box.before(tools);

    box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1, event.clientX - box.getBoundingClientRect().left);
    }, { passive: false });
    box.addEventListener("scroll", edges, { passive: true });
    drag(box);
    new ResizeObserver(show).observe(box);
    window.addEventListener("beforeprint", () => { svg.style.width = ""; });
    window.addEventListener("afterprint", show);
    show();
  }

  function drag(box) {
    let from = null;
    let moved = false;
    box.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      from = { x: event.clientX, left: box.scrollLeft };
      moved = false;
    });
    window.addEventListener("pointermove", (event) => {
      if (!from) return;
      const by = event.clientX - from.x;
      if (Math.abs(by) > 4) moved = true;
      if (moved) {
        box.scrollLeft = from.left - by;
        box.classList.add("kmm-dragging");
      }
    });
    window.addEventListener("pointerup", () => {
      from = null;
      box.classList.remove("kmm-dragging");
    });
    box.addEventListener("click", (event) => { if (moved) event.preventDefault(); }, true);
    box.addEventListener("dragstart", (event) => event.preventDefault());
  }

  document.querySelectorAll(".kmm-graph").forEach(figure);

  // What the theme says in English only, for screen readers and as hints.
  const SAID = {
    "Skip to content": "跳到正文",
    "Contents": "本页目录",
    "Menu": "菜单",
    "Expand": "展开",
    "Toggle site navigation sidebar": "显示或隐藏导航栏",
    "Toggle table of contents sidebar": "显示或隐藏本页目录",
    "Toggle Light / Dark / Auto color theme": "切换明暗配色",
    "Light mode": "浅色",
    "Dark mode": "深色",
    "Auto light/dark, in light mode": "随系统，当前为浅色",
    "Auto light/dark, in dark mode": "随系统，当前为深色",
  };
  if (chinese) {
    document.querySelectorAll("[aria-label]").forEach((element) => {
      const other = SAID[element.getAttribute("aria-label")];
      if (other) element.setAttribute("aria-label", other);
    });
    document.querySelectorAll(".skip-to-content, .visually-hidden, symbol > title").forEach((element) => {
      const other = SAID[element.textContent.trim()];
      if (other && !element.childElementCount) element.textContent = other;
    });
  }
})();
