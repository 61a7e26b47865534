#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom teegated and "teegatectl policy explain" name, and what a reload takes back, without a module.

    daemon-policy.py TEEGATED TEEGATECTL

With the cgroups and the clients of daemon-abuse.py: where a request would go on to the module, the
answer is Failed, and that is what "allowed" looks like here. Needs root: skipped (77) without.
"""

import base64
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def load(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(HERE / (name + ".py")))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


abuse, ending = load("daemon-abuse"), load("ending")
TOOL = sys.argv.pop(1)
NOBODY, SLICE, POLICY = abuse.NOBODY, abuse.SLICE, abuse.POLICY
ACQUIRE, EVIDENCE = "io.teegate.Broker.AcquireLease", "io.teegate.Broker.GetEvidence"
ALLOWED, REFUSED = "io.teegate.Broker.Failed", "io.teegate.Broker.NotAllowed"
# As the kernel shows it, from the root of the hierarchy.
PATH = "/" + SLICE.name


class Policy(abuse.Abuse):
    def start(self, **env):
        """As there, with the registrar's socket, too."""
        self.run_dir = self.dir / "run"
        self.path = str(self.run_dir / "broker.sock")
        self.daemon = subprocess.Popen([abuse.DAEMON, f"--run-dir={self.run_dir}",
                                        f"--policy-dir={self.policy}", "--device=/nonexistent/teegate"],
                                       stderr=self.log,
                                       env={**os.environ, "NOTIFY_SOCKET": str(self.dir / "notify"), **env})
        if not abuse.comes_true(lambda: os.path.exists(self.path) and self.answers()):
            self.fail(f"the daemon did not start: {self.logged()}")

    def reload_with(self, text, name="payments.conf"):
        self.write_policy(text, name)
        self.daemon.send_signal(signal.SIGHUP)
        self.notification("RELOADING")
        self.notification("READY")

    def setUp(self):
        super().setUp()
        self.notification("READY")
        self.children = []

    def tearDown(self):
        for child, _ in self.children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        super().tearDown()

    def resident(self, unit, below=None, owner=0):
        """A connection of a process that stays in the unit's cgroup, or in one below it; and its number."""
        cgroup = SLICE / unit
        cgroup.mkdir(parents=True, exist_ok=True)
        if below:
            os.chown(cgroup, owner, owner)
            cgroup = cgroup / below
            cgroup.mkdir(exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.settimeout(abuse.PATIENCE)
        child = os.fork()
        if child == 0:
            try:
                (cgroup / "cgroup.procs").write_text(str(os.getpid()))
                os.setgroups([])
                os.setresuid(NOBODY, NOBODY, NOBODY)
                client = abuse.Client(self.path)
                socket.send_fds(theirs, [b"x"], [client.sock.fileno()])
                signal.pause()
            finally:
                os._exit(1)
        self.children.append((child, cgroup))
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        client = abuse.Client.__new__(abuse.Client)
        client.sock, client.rest = socket.socket(fileno=fds[0]), b""
        client.sock.settimeout(abuse.PATIENCE)
        self.clients.append(client)
        return client, child

    def leave(self):
        """All residents go, with what they had below their units."""
        for child, cgroup in self.children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            if cgroup.parent != SLICE:
                abuse.cgroups.remove(cgroup)
        self.children = []

    def explain(self, status, pid, *more):
        done = subprocess.run([TOOL, "policy", "explain", "--json", "--pid", str(pid),
                               "--socket", str(self.run_dir / "register.sock"), *more, str(self.policy)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False, text=True)
        self.assertEqual(done.returncode, status, (done.stdout, done.stderr))
        return json.loads(done.stdout)

    def test_a_reload_that_takes_nothing_leaves_connections_open(self):
        client, _ = self.resident("payments.service")
        for text in (POLICY, POLICY + "Operations=raw\n", POLICY + "Operations=raw\n[Quota]\n"):
            self.reload_with(text)
            self.assertTrue(client.is_open(), text)
            self.assertEqual(client.ask(ACQUIRE)["error"], ALLOWED)
        # It still has the policy that it began with, and one who comes now has the new one.
        self.assertEqual(client.ask(EVIDENCE, {"raw": True})["error"], REFUSED)
        later, _ = self.resident("payments.service")
        self.assertEqual(later.ask(EVIDENCE, {"raw": True})["error"], ALLOWED)

    def test_a_reload_that_takes_something_ends_connections(self):
        wide = POLICY + "Operations=raw\n[Lease]\nLifetimeSec=600\n"
        for narrow in (POLICY + "[Lease]\nLifetimeSec=600\n", wide + "LifetimeSec=599\n",
                       wide + "[Match]\nUid=1\n", wide + "[Claims]\nName=other\n",
                       wide + "[Pin]\nLabel=yes\n"):
            self.reload_with(wide)
            client, _ = self.resident("payments.service")
            self.assertEqual(client.ask(ACQUIRE)["error"], ALLOWED)
            self.reload_with(narrow)
            self.assertIsNone(client.reply(), narrow)
        self.assertIn("reload: Ended", self.logged())
        self.assert_alive()

    def test_a_broken_file_ends_no_connection(self):
        client, _ = self.resident("payments.service")
        self.reload_with("[Match]\nUnit=payments.service\nnonsense\n")
        self.assertEqual(client.ask(ACQUIRE)["error"], ALLOWED)

    def test_a_deleted_file_ends_connections_and_leaves_those_of_others(self):
        self.reload_with("[Match]\nUnit=billing.service\n[Allow]\nOperations=report\n", "billing.conf")
        client, _ = self.resident("payments.service")
        other, _ = self.resident("billing.service")
        stranger, _ = self.resident("stranger.service")
        (self.policy / "payments.conf").unlink()
        self.reload_with("", "empty.conf")
        self.assertIsNone(client.reply())
        self.assertEqual(other.ask(ACQUIRE)["error"], ALLOWED)
        self.assertEqual(stranger.ask(ACQUIRE)["error"], REFUSED)

    def test_a_cgroup_counts_only_by_a_name_that_root_gave(self):
        self.reload_with(f"[Match]\nCgroup={PATH}/payments.service/inner\n[Allow]\nOperations=report\n")
        for owner, outcome in ((0, ALLOWED), (NOBODY, REFUSED), (0, ALLOWED)):
            client, child = self.resident("payments.service", "inner", owner)
            self.assertEqual(client.ask(ACQUIRE)["error"], outcome)
            said = self.explain(0 if outcome == ALLOWED else 1, child)
            self.assertEqual(said["cgroup"], f"{PATH}/payments.service/inner")
            self.assertEqual(said["cgroupOfRoot"], f"{PATH}/payments.service" + ("" if owner else "/inner"))
            self.leave()

    def test_a_cgroup_stands_for_what_is_below_and_for_no_longer_name(self):
        self.reload_with(f"[Match]\nCgroup={PATH}/payments.service\n[Allow]\nOperations=report\n")
        for unit, below, outcome in (("payments.service", None, ALLOWED),
                                     ("payments.service", "x", ALLOWED),
                                     ("payments.service.service", None, REFUSED)):
            client, _ = self.resident(unit, below, NOBODY)
            self.assertEqual(client.ask(ACQUIRE)["error"], outcome, unit)
            self.leave()

    def test_without_a_registration_there_is_no_image(self):
        digest = "sha256:" + "ab" * 32
        self.reload_with(f"[Match]\nUnit=payments.service\nImageDigest={digest}\n[Allow]\nOperations=report\n")
        client, child = self.resident("payments.service")
        reply = client.ask(ACQUIRE)
        self.assertEqual(reply["error"], REFUSED)
        self.assertIn("ImageDigest=", reply["parameters"]["reason"])
        self.assertEqual(self.explain(1, child)["near"][0]["differs"], "ImageDigest=")
        self.assertTrue(self.explain(0, child, "--image-digest", digest)["granted"])
        self.explain(1, child, "--image-digest", digest, "--voucher", "uid:1000")

    def register(self, child, **said):
        """As the runtime of the initial root."""
        client = abuse.Client(str(self.run_dir / "register.sock"))
        self.clients.append(client)
        pidfd = os.pidfd_open(child)
        socket.send_fds(client.sock, [abuse.call("io.teegate.Registrar.Register",
                                                 {"id": "c1", "processFd": 0, **said})], [pidfd])
        os.close(pidfd)
        reply = client.reply()
        self.assertEqual(reply.get("parameters", {}).get("vouchedBy"), "runtime:root", reply)

    def test_explain_asks_what_was_registered(self):
        digest = "sha256:" + "ab" * 32
        self.reload_with(f"[Match]\nUnit=payments.service\nImageDigest={digest}\n[Allow]\nOperations=report\n")
        _, child = self.resident("payments.service", "c1")
        self.assertEqual(self.explain(1, child)["registered"], "no")
        self.register(child, imageDigest=digest, pod="p1")
        said = self.explain(0, child)
        for key, value in {"container": "c1", "pod": "p1", "image": digest, "voucher": "runtime:root",
                           "granted": True}.items():
            self.assertEqual(said[key], value, key)
        self.assertIn("does not say", self.explain(1, child, "--socket", "/nonexistent")["registered"])
        self.leave()

    def test_what_is_pinned_must_be_there(self):
        self.reload_with(POLICY + "[Pin]\nExecutable=yes\n")
        client, child = self.resident("payments.service")
        for method in (ACQUIRE, EVIDENCE):
            reply = client.ask(method)
            self.assertEqual(reply["error"], REFUSED)
            self.assertIn("fs-verity", reply["parameters"]["reason"])
        self.assertIn("refused", self.explain(1, child)["pins"])
        self.reload_with(POLICY + "[Pin]\nExecutable=no\n")
        client, child = self.resident("payments.service")
        self.assertEqual(client.ask(ACQUIRE)["error"], ALLOWED)

    def test_devices_of_SGX_take_a_line_each(self):
        sgx, error = "io.teegate.Broker.AcquireSgx", "org.varlink.service.InvalidParameter"
        for lines, devices in (("", ""), ("SgxEnclave=yes\n", "enclave"), ("SgxProvision=yes\n", "provision"),
                               ("SgxEnclave=yes\nSgxProvision=yes\n", "enclave provision")):
            self.reload_with(POLICY + lines)
            for device, key in (("enclave", "SgxEnclave=yes"), ("provision", "SgxProvision=yes")):
                reply = self.in_unit("payments.service", sgx, {"device": device})
                if device in devices:    # on to the device, which may not be there
                    self.assertNotEqual(reply.get("error"), REFUSED, reply)
                else:
                    self.assertEqual(reply["error"], REFUSED, reply)
                    self.assertIn(key, reply["parameters"]["rule"])
        reply = self.in_unit("billing.service", sgx, {"device": "enclave"})
        self.assertEqual(reply["error"], REFUSED)
        self.assertNotIn("Operations=", reply["parameters"]["rule"])
        for wrong in ({"device": "sgx_enclave"}, {"device": ""}, {"device": "vepc"}, {}):
            self.assertEqual(self.in_unit("payments.service", sgx, wrong)["error"], error)

    # ---- keys ----

    SECRET = "c2VjcmV0IG9mIHBheW1lbnRz"

    def asks_keys(self, unit="payments.service"):
        """The answers to the three methods, with label disk/a."""
        return [self.in_unit(unit, "io.teegate.Broker." + method, parameters) for method, parameters in (
            ("DeriveKey", {"label": "disk/a", "length": 32}), ("Seal", {"label": "disk/a", "data": self.SECRET}),
            ("Unseal", {"blob": self.SECRET}))]

    def test_keys_take_a_line_each(self):
        derive = "io.teegate.Broker.DeriveKey"
        for operations, allowed in (("report", ""), ("key", "k"), ("seal", "su"), ("key seal", "ksu")):
            self.reload_with(POLICY + f"Operations=\nOperations={operations}\n")
            for reply, name, operation in zip(self.asks_keys(), "ksu", ("key", "seal", "seal")):
                if name in allowed:
                    self.assertEqual(reply["error"], ALLOWED, reply)
                else:
                    self.assertEqual(reply["error"], REFUSED, reply)
                    self.assertIn(f"[Allow]\nOperations={operation}\n", reply["parameters"]["rule"])
        self.reload_with(POLICY + "Operations=key seal\nKeyLabels=disk/* db\n")
        self.assertEqual([reply["error"] for reply in self.asks_keys()], [ALLOWED] * 3)
        for label, error in (("disk/", ALLOWED), ("db", ALLOWED), ("dbx", REFUSED), ("", REFUSED), ("Disk/a", REFUSED)):
            for method, more in (("DeriveKey", {}), ("Seal", {"data": ""})):
                reply = self.in_unit("payments.service", "io.teegate.Broker." + method, {"label": label, **more})
                self.assertEqual(reply["error"], error, label)
                if error == REFUSED:
                    self.assertIn(f"[Allow]\nKeyLabels={label}\n", reply["parameters"]["rule"])
        # The journal says who asked for what, and never for which secret.
        self.assertIn('DeriveKey: NotAllowed', self.logged())
        self.assertIn('"dbx"', self.logged())
        self.assertNotIn(self.SECRET, self.logged())
        self.assertEqual(self.in_unit("billing.service", derive, {})["error"], REFUSED)

    def test_what_is_no_key_is_refused_by_name(self):
        self.reload_with(POLICY + "Operations=key seal\n")
        longest = "A" * (8192 // 3 * 4)
        for method, wrong, parameters in (
                ("DeriveKey", "label", {"label": "x" * 256}), ("DeriveKey", "length", {"length": 15}),
                ("DeriveKey", "length", {"length": 65}), ("DeriveKey", "length", {"length": -1}),
                ("DeriveKey", "params", {"params": "AAAA"}), ("DeriveKey", "params", {"params": "?"}),
                ("DeriveKey", "timeoutMs", {"timeoutMs": 600001}), ("Seal", "data", {}),
                ("Seal", "data", {"data": longest + "AAAAAAAA"}), ("Seal", "data", {"data": "?"}),
                ("Seal", "label", {"label": "x" * 256, "data": ""}), ("Unseal", "blob", {}),
                ("Unseal", "blob", {"blob": "A" * 11600})):
            reply = self.in_unit("payments.service", "io.teegate.Broker." + method, parameters)
            self.assertEqual((reply["error"], reply["parameters"]),
                             ("org.varlink.service.InvalidParameter", {"parameter": wrong}), (method, parameters))
        for method, parameters in (
                ("DeriveKey", {}), ("DeriveKey", {"label": "x" * 255, "length": 16, "params": "A" * 128}),
                ("DeriveKey", {"length": 64}), ("Seal", {"data": longest}), ("Unseal", {"blob": "A" * 11496})):
            reply = self.in_unit("payments.service", "io.teegate.Broker." + method, parameters)
            self.assertEqual(reply["error"], ALLOWED, (method, reply))

    def test_what_is_to_be_sealed_is_not_left_in_memory(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait(abuse.PATIENCE)
        # As in its unit; or what does the same with a sanitizer.
        self.start(GLIBC_TUNABLES="glibc.malloc.perturb=165:glibc.malloc.tcache_count=0", **ending.SANITIZED)
        self.reload_with(POLICY + "Operations=key seal\n")
        for error, more in ((ALLOWED, {}), ("org.varlink.service.InvalidParameter", {"label": "x" * 256}),
                            ("org.varlink.service.InvalidParameter", {"timeoutMs": -1})):
            data = os.urandom(48)
            text = base64.b64encode(data)
            reply = self.in_unit("payments.service", "io.teegate.Broker.Seal", {"data": text.decode(), **more})
            self.assertEqual(reply["error"], error)
            self.assertTrue(self.is_forgotten(data, text), more)

    def is_forgotten(self, *secrets):
        """The answer comes a little before what was asked is wiped, and after that nothing overwrites it."""
        for _ in range(20):
            memory = ending.memory_of_running(self.daemon.pid)
            self.assertGreater(ending.parts_left(memory, str(self.policy).encode()), 0)
            if not any(ending.parts_left(memory, secret) for secret in secrets):
                return True
            time.sleep(0.5)
        return False

    def test_keys_of_a_pinned_executable_take_a_lease(self):
        self.reload_with(POLICY + "Operations=key seal\n[Pin]\nExecutable=yes\n")
        for reply in self.asks_keys():
            self.assertEqual(reply["error"], REFUSED)
            self.assertIn("executable", reply["parameters"]["reason"])
        self.reload_with(POLICY + "Operations=key seal\n[Pin]\nExecutable=no\n")
        self.assertEqual([reply["error"] for reply in self.asks_keys()], [ALLOWED] * 3)

    def test_keys_of_a_uid_are_for_who_has_it_now(self):
        def ask():
            os.setresuid(0, 0, 0)
            os.setresuid(NOBODY, NOBODY, 0)
            client = abuse.Client(self.path)
            before = client.ask("io.teegate.Broker.DeriveKey")["error"]
            os.setresuid(0, 0, 0)
            return [before, client.ask("io.teegate.Broker.DeriveKey")["error"]]

        unknown = "io.teegate.Broker.UnknownWorkload"
        for pin, after in (("yes", unknown), ("no", ALLOWED)):
            self.reload_with(POLICY + f"Operations=key\nTrustPrivileged=yes\n[Pin]\nUid={pin}\n")
            self.assertEqual(self.fork_in_unit("payments.service", ask, uid=0), [ALLOWED, after])

    def test_explain_says_what_keys_come_from(self):
        self.reload_with(POLICY + "Operations=key\nKeyLabels=disk/*\nSealScope=image-id\n"
                         "[Keys]\nFirmwareRoot=measured-boot\nRootSources=firmware tpm\n")
        _, child = self.resident("payments.service")
        said = self.explain(0, child)
        self.assertEqual((said["keyLabels"], said["sealScope"], said["rootSources"]),
                         ("disk/*", "image-id", "firmware tpm"))
        self.reload_with(POLICY)
        self.assertNotIn("rootSources", self.explain(0, child))

    # ---- explain ----

    def test_explain_names_the_rule_and_what_it_grants(self):
        self.reload_with(POLICY + "Operations=extend\nTrustPrivileged=yes\n[Pin]\nUid=yes\n"
                         "[Quota]\nRatePerMinute=600\n[Lease]\nLifetimeSec=60\n[Claims]\nName=pay\n")
        _, child = self.resident("payments.service")
        said = self.explain(0, child)
        for key, value in {"pid": child, "uid": NOBODY, "unit": "payments.service", "granted": True,
                           "workload": "pay", "operations": "report extend", "pins": "cgroup, uid",
                           "trustPrivileged": True, "lifetimeSec": 60, "ratePerMinute": 600,
                           "rateBurst": 60, "file": str(self.policy / "payments.conf"),
                           "workloadNumber": (SLICE / "payments.service").stat().st_ino}.items():
            self.assertEqual(said[key], value, key)

    def test_explain_says_why_near_rules_do_not(self):
        self.reload_with("[Match]\nUnit=payments.service\nUid=1\nLabel=none-has-this\n", "near.conf")
        self.reload_with("[Match]\nUid=1\n", "far.conf")
        (self.policy / "payments.conf").unlink()
        _, child = self.resident("payments.service")
        said = self.explain(1, child)
        self.assertEqual(said["near"], [{"file": str(self.policy / "near.conf"), "differs": "Uid=, Label="}])
        self.assertEqual(said["others"], 1)
        self.assertIs(said["granted"], False)

    def test_explain_says_that_two_rules_are_as_good_as_none(self):
        self.reload_with(f"[Match]\nUid={NOBODY}\n", "nobody.conf")
        _, child = self.resident("payments.service")
        said = self.explain(1, child)
        self.assertEqual(said["refused"], "two rules name this workload, %s and %s" % (
            self.policy / "nobody.conf", self.policy / "payments.conf"))
        self.assertIs(said["granted"], False)

    def test_explain_says_why_nobody_can_name_it(self):
        said = self.explain(1, self.daemon.pid)
        self.assertIn("root cgroup", said["refused"])

    def test_explain_of_nobody_is_4(self):
        child = subprocess.Popen(["true"])
        child.wait()
        done = subprocess.run([TOOL, "policy", "explain", "--pid", str(child.pid), str(self.policy)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
        self.assertEqual(done.returncode, 4)
        self.assertIn("no process", done.stderr)


def load_tests(loader, standard, pattern):
    """Ours, and not once more those of the class that they are built on."""
    return unittest.TestSuite(Policy(name) for name in vars(Policy) if name.startswith("test_"))


if __name__ == "__main__":
    if not abuse.enter_namespace():
        print("needs root and cgroup v2", file=sys.stderr)
        sys.exit(77)
    unittest.main(warnings="ignore",
                  testRunner=unittest.TextTestRunner(resultclass=abuse.Tap, verbosity=0))
