"""arch/x86/kernel/pci-dma.c: which way devices reach memory."""

from __future__ import annotations

from kmmdoc.linux.arch.x86.kernel.pci_calgary_64 import detect_calgary
from kmmdoc.linux.arch.x86.kernel.pci_iommu_table import (
    IommuTableEntry,
    check_iommu_entries,
    sort_iommu_table,
)
from kmmdoc.linux.arch.x86.kernel.pci_swiotlb import (
    pci_swiotlb_detect_4gb,
    pci_swiotlb_detect_override,
    pci_swiotlb_init,
    pci_swiotlb_late_init,
)
from kmmdoc.linux.drivers.iommu.amd_iommu_init import amd_iommu_detect
from kmmdoc.linux.drivers.iommu.dmar import detect_intel_iommu
from kmmdoc.linux.kfunc import early_param, kfunc
from kmmdoc.linux.state import Kernel

KFILE = "arch/x86/kernel/pci-dma.c"


def iommu_table(k: Kernel) -> list[IommuTableEntry]:
    """The drivers that are built in, in link order; of two in one file the later comes first."""
    low_memory = IommuTableEntry(
        pci_swiotlb_detect_4gb, pci_swiotlb_detect_override, pci_swiotlb_init, pci_swiotlb_late_init
    )
    asked_for = IommuTableEntry(
        pci_swiotlb_detect_override, None, pci_swiotlb_init, pci_swiotlb_late_init, finish_if_detected=True
    )
    drivers = (
        ("SWIOTLB", low_memory),
        ("SWIOTLB", asked_for),
        ("CALGARY_IOMMU", IommuTableEntry(detect_calgary, pci_swiotlb_detect_4gb)),
        ("AMD_IOMMU", IommuTableEntry(amd_iommu_detect)),
        ("INTEL_IOMMU", IommuTableEntry(detect_intel_iommu, pci_swiotlb_detect_4gb)),
    )
    return [entry for option, entry in drivers if k.build.enabled(option)]


@early_param("iommu")
def iommu_setup(k: Kernel, value: str | None) -> int:
    """iommu=off and iommu=soft decide about the bounce buffer; the other values do not touch memory.

    Behind usedac the rest is not read, and the option is called malformed.
    """
    if value is None:
        return -22
    for word in value.split(","):
        if word.startswith("off"):
            k.no_iommu = 1
        if word.startswith("usedac"):
            return 1
        if word.startswith("soft"):
            k.swiotlb = 1
    return 0


@kfunc
def pci_iommu_alloc(k: Kernel) -> None:
    """Ask every driver for its IOMMU; those found may take memory from memblock now."""
    k.iommu_table = table = iommu_table(k)
    sort_iommu_table(k, table)
    check_iommu_entries(k, table)
    for entry in table:
        if entry.detect(k) > 0:
            entry.detected = True
            if entry.early_init is not None:
                entry.early_init(k)
            if entry.finish_if_detected:
                break


@kfunc
def pci_iommu_init(k: Kernel) -> int:
    """Start what was detected."""
    for entry in k.iommu_table:
        if entry.detected and entry.late_init is not None:
            entry.late_init(k)
    return 0
