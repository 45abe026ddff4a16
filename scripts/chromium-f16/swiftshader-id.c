/*
 * A Vulkan layer under which every device carries SwiftShader's vendor and device number. Of the devices without hardware, Chromium
 * lets WebGPU use only the one with these numbers.
 */
#include <string.h>
#include <vulkan/vulkan.h>
#include <vulkan/vk_layer.h>

enum { GOOGLE = 0x1AE0, SWIFTSHADER = 0xC0DE };

/* What lies below this layer, for one VkInstance. */
typedef struct {
  void *key;
  PFN_vkGetInstanceProcAddr find;
  PFN_vkGetPhysicalDeviceProperties properties;
  PFN_vkGetPhysicalDeviceProperties2 properties2;
} Below;

/* One browser process makes a handful; those that were destroyed keep their place. */
static Below instances[64];
static unsigned count;

/* An instance and the devices found through it begin with the same pointer, to the loader's table of functions. */
static Below *below(void *handle) {
  for (unsigned i = count; i-- > 0;) {
    if (instances[i].key == *(void **)handle) return &instances[i];
  }
  return NULL;
}

static void disguise(VkPhysicalDeviceProperties *properties) {
  properties->vendorID = GOOGLE;
  properties->deviceID = SWIFTSHADER;
}

static VKAPI_ATTR void VKAPI_CALL get_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *properties) {
  below(device)->properties(device, properties);
  disguise(properties);
}

static VKAPI_ATTR void VKAPI_CALL get_properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *properties) {
  below(device)->properties2(device, properties);
  disguise(&properties->properties);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info,
                                                      const VkAllocationCallbacks *allocator, VkInstance *instance) {
  /* the loader has put a list of what lies below into the chain of extensions; each layer takes its entry off */
  VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)info->pNext;
  while (link && (link->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)) {
    link = (VkLayerInstanceCreateInfo *)link->pNext;
  }
  if (!link || count == sizeof instances / sizeof *instances) return VK_ERROR_INITIALIZATION_FAILED;
  PFN_vkGetInstanceProcAddr find = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;

  VkResult result = ((PFN_vkCreateInstance)find(NULL, "vkCreateInstance"))(info, allocator, instance);
  if (result != VK_SUCCESS) return result;
  Below *entry = &instances[count++];
  entry->key = *(void **)*instance;
  entry->find = find;
  entry->properties = (PFN_vkGetPhysicalDeviceProperties)find(*instance, "vkGetPhysicalDeviceProperties");
  entry->properties2 = (PFN_vkGetPhysicalDeviceProperties2)find(*instance, "vkGetPhysicalDeviceProperties2");
  if (!entry->properties2) {
    entry->properties2 = (PFN_vkGetPhysicalDeviceProperties2)find(*instance, "vkGetPhysicalDeviceProperties2KHR");
  }
  return VK_SUCCESS;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL find_function(VkInstance instance, const char *name) {
  if (!strcmp(name, "vkCreateInstance")) return (PFN_vkVoidFunction)create_instance;
  if (!strcmp(name, "vkGetInstanceProcAddr")) return (PFN_vkVoidFunction)find_function;
  if (!strcmp(name, "vkGetPhysicalDeviceProperties")) return (PFN_vkVoidFunction)get_properties;
  if (!strcmp(name, "vkGetPhysicalDeviceProperties2")) return (PFN_vkVoidFunction)get_properties2;
  if (!strcmp(name, "vkGetPhysicalDeviceProperties2KHR")) return (PFN_vkVoidFunction)get_properties2;
  Below *entry = instance ? below(instance) : NULL;
  return entry ? entry->find(instance, name) : NULL;
}

/* No functions of logical devices: the loader then leaves the layer out of their calls. */
__attribute__((visibility("default"))) VKAPI_ATTR VkResult VKAPI_CALL
vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *interface) {
  interface->loaderLayerInterfaceVersion = 2;
  interface->pfnGetInstanceProcAddr = find_function;
  interface->pfnGetDeviceProcAddr = NULL;
  interface->pfnGetPhysicalDeviceProcAddr = NULL;
  return VK_SUCCESS;
}
