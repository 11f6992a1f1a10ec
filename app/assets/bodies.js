/* Meshes and molecules that can be turned.

   The libraries that read them are half a megabyte each, so they come when the first one is in sight. They are files of
   ours beside the app's script; nothing is fetched from anywhere else, whatever a logged file asks for. */

const bodyLibraries = {};
function bodyLibrary(file) {
  return bodyLibraries[file] ??= import(new URL(`app/static/${file}`, document.baseURI).href);
}

const bytesOf = (item) => Uint8Array.from(atob(item.data), (letter) => letter.charCodeAt(0));

/* `enter` when `node` comes into sight; `leave`, if there is one, when it goes. */
function inSight(node, enter, leave) {
  new IntersectionObserver((seen, observer) => {
    const isSeen = seen[seen.length - 1].isIntersecting;
    if (isSeen && !leave) observer.disconnect();
    if (isSeen) enter();
    else leave?.();
  }, { rootMargin: "200px" }).observe(node);
}

function failed(box, item, error) {
  const reason = el("div.dim", null, `It can't be drawn here: ${String(error?.message ?? error).slice(0, 200)}`);
  box.replaceChildren(reason, medium({ type: item.type, data: item.data }, { digest: item.digest }));
  box.dataset.drawn = "failed";
}

function meshView(item) {
  const canvas = el("canvas.cloud", { title: "Drag to turn, scroll to come nearer", tabindex: "0" });
  const box = el("div.mesh", null, canvas);
  inSight(canvas, async () => {
    try {
      const three = await bodyLibrary("three-viewer.js");
      drawMesh(three, canvas, await meshOf(three, item), item.format);
      box.dataset.drawn = "mesh";
    } catch (error) { failed(box, item, error); }
  });
  return box;
}

async function meshOf(three, item) {
  const bytes = bytesOf(item), manager = new three.LoadingManager();
  manager.setURLModifier((url) => (/^(data|blob):/.test(url) ? url : "data:,"));
  if (item.format === "gltf" || item.format === "glb") return (await new three.GLTFLoader(manager).parseAsync(bytes.buffer, "")).scene;
  if (item.format === "obj") {
    const group = new three.OBJLoader(manager).parse(new TextDecoder().decode(bytes));
    group.traverse((part) => { if (part.isMesh) part.material = materialOf(three, part.geometry); });
    return group;
  }
  const geometry = (item.format === "stl" ? new three.STLLoader(manager) : new three.PLYLoader(manager)).parse(bytes.buffer);
  if (item.format === "ply" && !geometry.index) return new three.Points(geometry, new three.PointsMaterial({ size: 1.5, sizeAttenuation: false, ...paintOf(geometry) }));
  // Many programs write zeros for the normals of STL.
  if (item.format === "stl") geometry.deleteAttribute("normal");
  if (!geometry.hasAttribute("normal")) geometry.computeVertexNormals();
  return new three.Mesh(geometry, materialOf(three, geometry));
}

const paintOf = (geometry) => (geometry.hasAttribute("color") ? { vertexColors: true } : { color: "#8fb8b4" });
const materialOf = (three, geometry) => new three.MeshStandardMaterial({ ...paintOf(geometry), roughness: 0.75, metalness: 0.05, side: three.DoubleSide });

/* One renderer draws all meshes, each onto a canvas of its own: browsers keep a dozen of them and no more. */
let meshRenderer = null;
function drawMesh(three, canvas, body, format) {
  const box = new three.Box3().setFromObject(body), middle = box.getCenter(new three.Vector3());
  const reach = Math.max(box.getSize(new three.Vector3()).length() / 2, 1e-9);
  if (!Number.isFinite(reach) || box.isEmpty()) throw new Error("there is nothing in it");
  const scene = new three.Scene(), camera = new three.PerspectiveCamera(35, 1, reach / 100, reach * 100), holder = new three.Group();
  body.position.sub(middle);
  holder.add(body);
  if (format === "stl" || format === "ply") holder.rotation.x = -Math.PI / 2; // What is up there is z, by custom.
  const sun = new three.DirectionalLight(0xffffff, 2);
  scene.add(holder, new three.HemisphereLight(0xffffff, 0x5b6b7f, 1.6), sun);
  const view = { turn: 0.6, tilt: 0.4, zoom: 1 };
  const draw = () => {
    const width = Math.max(1, Math.round((canvas.clientWidth || 320) * devicePixelRatio)), height = Math.max(1, Math.round((canvas.clientHeight || 240) * devicePixelRatio));
    const far = (reach * 3.5) / view.zoom, tilt = Math.min(1.55, Math.max(-1.55, view.tilt));
    camera.aspect = width / height;
    camera.near = Math.max(far - reach * 2, reach / 100);
    camera.far = far + reach * 2;
    camera.position.set(-far * Math.sin(view.turn) * Math.cos(tilt), far * Math.sin(tilt), far * Math.cos(view.turn) * Math.cos(tilt));
    camera.lookAt(0, 0, 0);
    camera.updateProjectionMatrix();
    sun.position.copy(camera.position).add(new three.Vector3(reach, reach * 2, 0));
    meshRenderer ??= new three.WebGLRenderer({ alpha: true, antialias: true, preserveDrawingBuffer: true });
    meshRenderer.setSize(width, height, false);
    meshRenderer.setClearColor(0, 0);
    meshRenderer.render(scene, camera);
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext("2d").drawImage(meshRenderer.domElement, 0, 0);
  };
  draw();
  turned(canvas, view, draw);
}

const MOLECULE_FORMATS = { mmcif: "cif", mcif: "cif", sd: "sdf", mol: "sdf" };
const LEAST_RESIDUES = 4;

function moleculeView(item) {
  const stage = el("div.molecule", { title: "Drag to turn, scroll to come nearer" }), box = el("div", null, stage);
  const format = MOLECULE_FORMATS[item.format] ?? item.format ?? "pdb", isBinary = format === "mmtf";
  const content = isBinary ? bytesOf(item).buffer : new TextDecoder().decode(bytesOf(item));
  if (!isBinary) box.append(el("details.source", null, el("summary", null, "Its text"), el("div.plain.mono.text", null, long(content, "div.plain", 4000))));
  let viewer = null;
  const enter = async () => {
    if (viewer) return;
    viewer = "coming";
    try {
      const mol = await bodyLibrary("3Dmol.es6-min.js");
      if (viewer !== "coming") return;
      viewer = mol.createViewer(stage, { backgroundColor: "white", backgroundAlpha: 0, antialias: true });
      const model = viewer.addModel(content, format), atoms = model.selectedAtoms({});
      if (!atoms.length) throw new Error("there are no atoms in it");
      // A ribbon runs along a chain: of one residue there would be nothing to see.
      const isChain = atoms.filter((atom) => atom.atom === "CA" && !atom.hetflag).length >= LEAST_RESIDUES;
      viewer.setStyle({}, { stick: { radius: 0.14 }, sphere: { scale: 0.24 } });
      if (isChain) viewer.setStyle({ hetflag: false }, { cartoon: { color: "spectrum" } });
      viewer.zoomTo();
      viewer.render();
      box.dataset.drawn = String(atoms.length);
    } catch (error) { failed(box, item, error); }
  };
  const leave = () => {
    for (const canvas of stage.querySelectorAll("canvas")) (canvas.getContext("webgl2") ?? canvas.getContext("webgl"))?.getExtension("WEBGL_lose_context")?.loseContext();
    stage.replaceChildren();
    viewer = null;
  };
  inSight(stage, enter, leave);
  return box;
}
